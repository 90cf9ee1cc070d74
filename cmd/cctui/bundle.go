package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/cctui/cctui/actions"
)

// Bundle writes what a person who helps wants to see into a file of the working directory. None of
// it is secret: journal and events never hold a credential, and the environment is left out.
func (e engine) Bundle(context.Context) (path string, err error) {
	path, err = filepath.Abs(fmt.Sprintf("cctui-support-%s.zip", time.Now().UTC().Format("20060102-150405")))
	if err != nil {
		return "", err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return path, e.writeBundle(file)
}

func (e engine) writeBundle(to io.Writer) error {
	archive := zip.NewWriter(to)
	err := errors.Join(
		addJSON(archive, "status.json", e.Status()),
		addJSON(archive, "outputs.json", e.Outputs()),
		addJSON(archive, "plan.json", actions.Plan(e.Inputs(), e.Steps())),
		add(archive, "versions.txt", []byte(versions())),
		e.addLog(archive),
	)
	return errors.Join(err, archive.Close())
}

// addLog adds the events; before the first one there is no log.
func (e engine) addLog(archive *zip.Writer) error {
	log, err := readBounded(e.log.path, maxLog+1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, add(archive, "events.jsonl", log))
}

func addJSON(archive *zip.Writer, name string, value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return errors.Join(encoder.Encode(value), add(archive, name, text.Bytes()))
}

func add(archive *zip.Writer, name string, content []byte) error {
	w, err := archive.Create(name)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return err
}

// versions are those of the program and of all it is made of.
func versions() string {
	text := fmt.Sprintf("cctui %s, %s, %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			text += module.Path + " " + module.Version + "\n"
		}
	}
	return text
}
