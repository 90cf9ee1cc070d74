package kafka

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// MaxMessage is how many bytes a message may have, with its "Msg <n>: ", under the sample's RSA-3072 key.
const MaxMessage = 3072/8 - oaepOverhead

// oaepOverhead is what RSA-OAEP with SHA-256 takes of a block (RFC 8017, section 7.1.1).
const oaepOverhead = 2*sha256.Size + 2

// MaxPlaintext is how many bytes fit under an RSA key of that many bits; 0 where none do.
func MaxPlaintext(bits int) int { return max(0, bits/8-oaepOverhead) }

// FormatMessage is the plaintext of the n-th message, as the sample's producer words it.
func FormatMessage(n int, text string) string { return fmt.Sprintf("Msg %d: %s", n, text) }

// ParseMessage takes a plaintext apart; false where the sample's producer did not write it.
func ParseMessage(plaintext string) (n int, text string, ok bool) {
	rest, ok := strings.CutPrefix(plaintext, "Msg ")
	if !ok {
		return 0, "", false
	}
	number, text, ok := strings.Cut(rest, ": ")
	if !ok || number == "" || strings.Trim(number, "0123456789") != "" {
		return 0, "", false
	}
	n, err := strconv.Atoi(number)
	return n, text, err == nil
}

// Encrypt makes the record value of the n-th message: base64 of RSA-OAEP with SHA-256 and no label.
// The key is a PEM block PUBLIC KEY (PKIX).
func Encrypt(publicPEM string, n int, message string) ([]byte, error) {
	key, err := parsePublicKey(publicPEM)
	if err != nil {
		return nil, err
	}
	plaintext := FormatMessage(n, message)
	if limit := MaxPlaintext(key.N.BitLen()); len(plaintext) > limit {
		return nil, fmt.Errorf("encrypt message %d: %d bytes with its %q, at most %d fit under an RSA-%d key: shorten it by %d",
			n, len(plaintext), FormatMessage(n, ""), limit, key.N.BitLen(), len(plaintext)-limit)
	}
	ciphertext, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, key, []byte(plaintext), nil)
	if err != nil {
		return nil, fmt.Errorf("encrypt message %d: %w", n, err)
	}
	return base64.StdEncoding.AppendEncode(nil, ciphertext), nil
}

func parsePublicKey(text string) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("read public key: no PEM block")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read public key: PEM block %q: %w", block.Type, err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("read public key: %T, not an RSA key", parsed)
	}
	return key, nil
}

// Decrypt reads a record value back into its plaintext, "Msg <n>: " included.
func Decrypt(key *rsa.PrivateKey, value []byte) (string, error) {
	ciphertext, err := base64.StdEncoding.DecodeString(string(value))
	if err != nil {
		return "", fmt.Errorf("decode record value: %w", err)
	}
	plaintext, err := rsa.DecryptOAEP(sha256.New(), nil, key, ciphertext, nil)
	if err != nil {
		return "", fmt.Errorf("decrypt record value: %w", err)
	}
	return string(plaintext), nil
}

// IsCiphertext tells whether a text is what an onlooker sees of a message: the base64 of exactly one
// block of an RSA key of that many bits.
func IsCiphertext(text string, bits int) bool {
	block := bits / 8
	if len(text) != base64.StdEncoding.EncodedLen(block) {
		return false // nor can it have line breaks: the decoder would skip them, and find too little
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(text)
	return err == nil && len(decoded) == block
}
