package skr

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// maxTokenBytes is several times the largest token seen: a report's claims plus a JWKS.
const maxTokenBytes = 64 << 10

// tokenLogPrefix stands before the token in the sidecar's debug log, from image 2.12 on.
// Source: microsoft/confidential-sidecar-containers, pkg/common/maa.go.
const tokenLogPrefix = "MAA Token (signature redacted): "

// ParseToken reads an attestation token in JWS compact form. It checks form and size, nothing else.
func ParseToken(raw string) (Token, error) {
	raw = strings.TrimSpace(raw)
	token, signature, err := parseParts(raw)
	if err != nil {
		return Token{}, err
	}
	if _, err := base64.RawURLEncoding.DecodeString(signature); err != nil || signature == "" {
		return Token{}, refuse(RefusedForm, errors.New("it carries no signature"))
	}
	token.Raw = raw
	return token, nil
}

// ParseRedacted reads a token whose signature was taken away, as the sidecar logs it: header.payload.***.
// Such a token proves nothing by itself, and has no Raw.
func ParseRedacted(text string) (Token, error) {
	token, _, err := parseParts(strings.TrimSpace(text))
	return token, err
}

// LastLogged finds the newest token in a sidecar's log.
func LastLogged(log []byte) (Token, bool) {
	text := string(log)
	for {
		at := strings.LastIndex(text, tokenLogPrefix)
		if at < 0 {
			return Token{}, false
		}
		line, _, _ := strings.Cut(text[at+len(tokenLogPrefix):], "\n")
		// logrus quotes its message where the console is no terminal.
		line = strings.TrimRight(strings.TrimSpace(line), `"`)
		if token, err := ParseRedacted(line); err == nil {
			return token, true
		}
		text = text[:at]
	}
}

// Issuer is the attestation service that made the token.
func (t Token) Issuer() string {
	issuer, _ := t.Claims["iss"].(string)
	return issuer
}

// parseParts decodes header and payload; the rest is returned as it stands.
func parseParts(text string) (Token, string, error) {
	if len(text) > maxTokenBytes {
		return Token{}, "", refuse(RefusedSize, nil)
	}
	header, rest, _ := strings.Cut(text, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	if header == "" || payload == "" || strings.Contains(signature, ".") {
		return Token{}, "", refuse(RefusedForm, errors.New("it has not three parts"))
	}
	var token Token
	if err := decodePart(header, &token.Header); err != nil {
		return Token{}, "", err
	}
	if err := decodePart(payload, &token.Claims); err != nil {
		return Token{}, "", err
	}
	if token.Header == nil || token.Claims == nil {
		return Token{}, "", refuse(RefusedForm, errors.New("a part is not a JSON object"))
	}
	return token, signature, nil
}

func decodePart(part string, into *map[string]any) error {
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return refuse(RefusedForm, err)
	}
	switch err := decodeStrict(data, into); {
	case errors.Is(err, errDuplicate):
		return refuse(RefusedDuplicate, err)
	case err != nil:
		return refuse(RefusedForm, err)
	}
	return nil
}

func compactJSON(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(data)
}
