// Command render draws a terminal's screen, as tmux captures it with its colours, as an SVG picture:
// it reads the text from standard input and writes the picture to standard output. It knows the
// terminal's colours and attributes, and nothing of what the screen shows.
package main

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"image/color"
	"io"
	"os"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
)

// The measures of a picture, in pixels. A cell is 0.6 em wide, as in most monospaced fonts.
const (
	fontSize   = 14
	cellWidth  = 8.4
	cellHeight = 16 // no more, or vertical lines get gaps
	baseline   = 12 // below the upper edge of a cell
	margin     = 16
)

// The colours where the screen asks for none.
var (
	foreground = color.RGBA{0xe6, 0xed, 0xf3, 0xff}
	background = color.RGBA{0x0d, 0x11, 0x17, 0xff}
)

func main() {
	if err := render(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func render(in io.Reader, out io.Writer) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("read the screen: %w", err)
	}
	if _, err := out.Write(draw(strings.TrimSuffix(string(text), "\n"))); err != nil {
		return fmt.Errorf("write the picture: %w", err)
	}
	return nil
}

// draw is the picture of a screen, whose lines are text and escape sequences for colours.
func draw(text string) []byte {
	styled := uv.NewStyledString(text)
	size := styled.Bounds()
	screen := uv.NewScreenBuffer(size.Dx(), size.Dy())
	styled.Draw(screen, size)

	width, height := float64(size.Dx())*cellWidth+2*margin, size.Dy()*cellHeight+2*margin
	var p bytes.Buffer
	fmt.Fprintf(&p, `<svg xmlns="http://www.w3.org/2000/svg" width="%g" height="%d" viewBox="0 0 %[1]g %[2]d">`+"\n", width, height)
	fmt.Fprintf(&p, `<rect width="100%%" height="100%%" rx="8" fill="%s"/>`+"\n", hex(background))
	fmt.Fprintf(&p, `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="%d">`+"\n", fontSize)
	for y, line := range screen.Lines {
		for _, r := range runs(line) {
			r.draw(&p, y)
		}
	}
	p.WriteString("</g>\n</svg>\n")
	return p.Bytes()
}

// run is a piece of a line in one style.
type run struct {
	text       string
	x, columns int
	style      uv.Style
}

// runs divides a line where its style changes, and between letters and signs: a sign may come from
// another font, in which it is wider.
func runs(line uv.Line) []run {
	var all []run
	for x, cell := range line {
		if cell.Width == 0 { // the right half of a wide character
			continue
		}
		last := len(all) - 1
		if last < 0 || !all[last].style.Equal(&cell.Style) || isSign(all[last].text) != isSign(cell.Content) {
			all = append(all, run{x: x, style: cell.Style})
			last++
		}
		all[last].text += cell.Content
		all[last].columns += cell.Width
	}
	return all
}

func isSign(text string) bool { return text >= "\x80" }

// draw draws what lies under the run, and its words. They are given their length, so that they keep to
// their columns in whatever font the reader has; the spaces between them are such as do not collapse.
func (r run) draw(p *bytes.Buffer, y int) {
	front, back := cmp.Or[color.Color](r.style.Fg, foreground), r.style.Bg
	if r.style.Attrs&uv.AttrReverse != 0 {
		front, back = cmp.Or[color.Color](back, background), front
	}
	top := margin + y*cellHeight
	if back != nil {
		fmt.Fprintf(p, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n",
			margin+float64(r.x)*cellWidth, top, float64(r.columns)*cellWidth, cellHeight, hex(back))
	}
	words := strings.TrimSpace(r.text)
	if words == "" {
		return
	}
	indent := strings.Index(r.text, words)
	columns := r.columns - (len(r.text) - len(words)) // every space is a column
	fmt.Fprintf(p, `<text x="%.1f" y="%d" textLength="%.1f" lengthAdjust="spacingAndGlyphs" fill="%s"%s>`,
		margin+float64(r.x+indent)*cellWidth, top+baseline, float64(columns)*cellWidth, hex(front), weight(r.style))
	_ = xml.EscapeText(p, []byte(strings.ReplaceAll(words, " ", "\u00a0"))) // a buffer takes everything
	p.WriteString("</text>\n")
}

func weight(s uv.Style) string {
	switch {
	case s.Attrs&uv.AttrBold != 0:
		return ` font-weight="bold"`
	case s.Attrs&uv.AttrFaint != 0:
		return ` opacity="0.6"`
	}
	return ""
}

func hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
