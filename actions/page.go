package actions

import (
	"html"
	"regexp"
	"strings"
)

// pageState is what the consumer's page tells of the newest message.
type pageState struct {
	kind pageKind
	text string // the message, or the ciphertext
}

type pageKind int

const (
	pageUnknown    pageKind = iota // nothing that the sample's consumer would show
	pageTimeout                    // no message came while the page waited
	pageUnreadable                 // the consumer has a key, and it does not fit the message
	pageCiphertext                 // the consumer has no key
	pageDecrypted
)

var (
	pageMessage = regexp.MustCompile(`(?s)<code[^>]*>(.*?)</code>`)
	pageTag     = regexp.MustCompile(`(?s)<[^>]*>`)
)

// untilMessage repeats a command that reads a consumer's page until it shows a message. At first nobody
// listens, and while the producer rests the page says so after ten seconds.
func untilMessage(read string) string {
	return "until " + read + " | grep '<code' | grep -v Timeout; do sleep 5; done"
}

// readPage is the command that reads a page through the API server.
func readPage(namespace, service string) string {
	return sh("kubectl", "get", "--raw", "/api/v1/namespaces/"+namespace+"/services/"+service+":80/proxy/")
}

// judgePage goes by the message itself. The page's heading misleads: it says "Encrypted" over
// decrypted text and "Unencrypted" over ciphertext.
// Source: microsoft/confidential-container-demos, kafka/consumer before commit 7bc0e46.
func judgePage(page []byte) pageState {
	match := pageMessage.FindSubmatch(page)
	if match == nil {
		return pageState{kind: pageUnknown, text: plainText(string(page))}
	}
	text := html.UnescapeString(string(match[1])) // as it stands: a message may end with a space
	switch readingOf(text) {
	case ReadPlaintext:
		return pageState{pageDecrypted, text}
	case ReadCiphertext:
		return pageState{pageCiphertext, text}
	case ReadNothing:
		return pageState{pageUnreadable, text}
	}
	if strings.HasPrefix(text, "Timeout waiting") {
		return pageState{pageTimeout, text}
	}
	return pageState{pageUnknown, text}
}

func plainText(markup string) string {
	return strings.TrimSpace(html.UnescapeString(pageTag.ReplaceAllString(markup, "")))
}
