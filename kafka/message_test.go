package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"sync"
	"testing"
)

// testKey is one key for all tests; making it takes most of their time.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		panic(err)
	}
	return key
})

func publicPEM(t testing.TB, public any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestMessageComesBackFromItsCiphertext(t *testing.T) {
	value, err := Encrypt(publicPEM(t, testKey().Public()), 41, "Olá, mundo")
	if err != nil {
		t.Fatal(err)
	}
	if !IsCiphertext(string(value), 3072) {
		t.Errorf("%s is not one RSA-3072 block", value)
	}
	plaintext, err := Decrypt(testKey(), value)
	if err != nil {
		t.Fatal(err)
	}
	if n, text, ok := ParseMessage(plaintext); n != 41 || text != "Olá, mundo" || !ok {
		t.Errorf("read %d %q %v", n, text, ok)
	}
}

func TestLongestMessageFitsAndOneByteMoreDoesNot(t *testing.T) {
	if MaxMessage != 318 || MaxPlaintext(3072) != MaxMessage || MaxPlaintext(512) != 0 {
		t.Fatalf("bounds %d, %d, %d", MaxMessage, MaxPlaintext(3072), MaxPlaintext(512))
	}
	key := publicPEM(t, testKey().Public())
	text := strings.Repeat("x", MaxMessage-len("Msg 7: "))
	if _, err := Encrypt(key, 7, text); err != nil {
		t.Error(err)
	}
	_, err := Encrypt(key, 7, text+"x")
	if err == nil || !strings.Contains(err.Error(), "319 bytes") || !strings.Contains(err.Error(), "at most 318") {
		t.Errorf("one byte more: %v", err)
	}
}

func TestUnusablePublicKeyIsNamed(t *testing.T) {
	elliptic, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(testKey())}))
	for name, test := range map[string]struct{ pem, says string }{
		"empty":   {"", "no PEM block"},
		"cut":     {"-----BEGIN PUBLIC KEY-----\nMIIB", "no PEM block"},
		"private": {private, "RSA PRIVATE KEY"},
		"not RSA": {publicPEM(t, elliptic.Public()), "not an RSA key"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Encrypt(test.pem, 1, "x")
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("Encrypt: %v", err)
			}
		})
	}
}

func TestParseMessage(t *testing.T) {
	for plaintext, want := range map[string]struct {
		n    int
		text string
		ok   bool
	}{
		"Msg 3: hello":               {3, "hello", true},
		"Msg 3: Msg 4: x":            {3, "Msg 4: x", true},
		"Msg 3: ":                    {3, "", true},
		"Msg x: hello":               {},
		"Msg -3: hello":              {},
		"Msg +3: hello":              {},
		"Msg : hello":                {},
		"msg 3: hello":               {},
		"Timeout waiting to read":    {},
		"Msg 99999999999999999999: ": {},
	} {
		n, text, ok := ParseMessage(plaintext)
		if ok != want.ok || ok && (n != want.n || text != want.text) {
			t.Errorf("%q: %d %q %v", plaintext, n, text, ok)
		}
	}
}

func TestIsCiphertext(t *testing.T) {
	block := base64.StdEncoding.EncodeToString(make([]byte, 384))
	for name, test := range map[string]struct {
		text string
		want bool
	}{
		"a block":          {block, true},
		"another length":   {block[4:], false},
		"two blocks":       {block + block, false},
		"a plain message":  {"Msg 1: hello", false},
		"URL alphabet":     {strings.Repeat("-", len(block)), false},
		"broken in lines":  {block[:508] + "\n\n\n\n", false},
		"nothing":          {"", false},
		"of another block": {base64.StdEncoding.EncodeToString(make([]byte, 256)), false},
	} {
		if got := IsCiphertext(test.text, 3072); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A record's value is whatever somebody wrote to the topic.
func FuzzRecordValue(f *testing.F) {
	value, err := Encrypt(publicPEM(f, testKey().Public()), 1, "hello")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(value)
	f.Add([]byte("Msg 1: hello"))
	f.Add([]byte("AAAA"))
	f.Add([]byte{0xff, 0})
	f.Fuzz(func(t *testing.T, value []byte) {
		if IsCiphertext(string(value), 3072) && len(value) != 512 {
			t.Errorf("%d bytes pass as a block", len(value))
		}
		if n, text, ok := ParseMessage(string(value)); ok && !strings.HasSuffix(string(value), ": "+text) {
			t.Errorf("%q read as %d %q", value, n, text)
		}
		if plaintext, err := Decrypt(testKey(), value); err == nil {
			if _, _, ok := ParseMessage(plaintext); !ok {
				t.Errorf("decrypted to %q", plaintext)
			}
		}
	})
}
