package tui

import (
	"context"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

// allowed is all that the screens may import: the walkthrough, what draws, and what neither reads nor
// writes anything outside the process.
var allowed = []string{
	"github.com/cctui/cctui/actions", "github.com/cctui/cctui/tui/live",
	"charm.land/bubbles/v2/textinput", "charm.land/bubbletea/v2", "charm.land/lipgloss/v2",
	"github.com/charmbracelet/colorprofile", "github.com/charmbracelet/x/ansi",
	"context", "encoding/json", "errors", "fmt", "image/color", "maps", "slices", "strconv", "strings", "sync", "time", "unicode/utf8",
}

// The screens know only the walkthrough: no adapter, no sandbox, no file, no network. Every file
// counts, whichever system it is for.
func TestTheScreensImportNothingThatTouchesTheWorld(t *testing.T) {
	for _, dir := range []string{".", "live"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) < 5 {
			t.Fatalf("%d files in %s, %v", len(files), dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			source, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, imported := range source.Imports {
				if path, err := strconv.Unquote(imported.Path.Value); err != nil || !slices.Contains(allowed, path) {
					t.Errorf("%s imports %s, which screens have no business with", file, path)
				}
			}
		}
	}
}

// panics tells whether a function does.
func panics(do func()) (did bool) {
	defer func() { did = recover() != nil }()
	do()
	return false
}

// The tests of this package find a call of the engine from Update or View only if each of its methods
// notices one. None may be forgotten, not even one that is added later.
func TestEveryMethodOfTheEngineNoticesACallFromUpdateOrView(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		contract, engine := reflect.TypeFor[Engine](), reflect.ValueOf(s.engine)
		for i := range contract.NumMethod() {
			method := engine.MethodByName(contract.Method(i).Name)
			args := make([]reflect.Value, method.Type().NumIn())
			for n := range args {
				args[n] = reflect.Zero(method.Type().In(n))
				if method.Type().In(n) == reflect.TypeFor[context.Context]() {
					args[n] = reflect.ValueOf(t.Context())
				}
			}
			s.drawing.Store(true)
			noticed := panics(func() { method.Call(args) })
			s.drawing.Store(false)
			if !noticed {
				t.Errorf("%s can be called from Update or View, and nobody notices", contract.Method(i).Name)
			}
		}
	})
}

// impatient calls the engine where that is forbidden.
type impatient struct{ *Model }

func (i impatient) Update(tea.Msg) (tea.Model, tea.Cmd) { i.engine.States(); return i, nil }

// The stage itself is tested: it must find who asks the engine within Update.
func TestTheStageFindsAnUpdateThatAsksTheEngine(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.drawing.Store(true)
		defer s.drawing.Store(false)
		if !panics(func() { impatient{s.m}.Update(nil) }) {
			t.Error("nobody noticed")
		}
		if !panics(func() { _, _ = s.open(t.Context(), s.m.stream) }) {
			t.Error("a place can be opened from Update, and nobody notices")
		}
	})
}
