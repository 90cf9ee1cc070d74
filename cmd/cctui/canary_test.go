package main

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/cctui/cctui/actions"
)

// canaries are every secret that passed the sandbox's door, in a request or an answer: those of the
// operator, of the cluster, of the pods. They are looked for in all that cctui leaves behind.
type canaries struct {
	mu      sync.Mutex
	secrets map[string]string   // and what it is
	moduli  map[string]*big.Int // of RSA keys whose private halves exist somewhere, by what they are
	// searched are the pieces that were found to hold no private key.
	searched map[string]bool
	// echo is asked what to answer in place of a service, which repeats what it was sent.
	echo func(*http.Request, []byte) (status int, body string)
}

func newCanaries() *canaries {
	return &canaries{secrets: map[string]string{}, moduli: map[string]*big.Int{}, searched: map[string]bool{}}
}

// around reads along.
func (c *canaries) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" || strings.Contains(r.URL.RawQuery, "watch=") || strings.Contains(r.URL.RawQuery, "follow=") {
			c.header(r)
			next.ServeHTTP(w, r) // a stream
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		c.header(r)
		c.read(body)
		if c.echo != nil {
			if status, answer := c.echo(r, body); status != 0 {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, answer)
				return
			}
		}
		copied := &copying{ResponseWriter: w}
		next.ServeHTTP(copied, r)
		c.read(copied.body.Bytes())
	})
}

// copying keeps what is answered.
type copying struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (w *copying) Write(p []byte) (int, error) {
	w.body.Write(p)
	return w.ResponseWriter.Write(p)
}

func (c *canaries) header(r *http.Request) {
	if _, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok {
		c.add("bearer token at "+r.Host, token)
	}
}

// secretFields are the names under which services hand out and take secrets.
var secretFields = regexp.MustCompile(`^(?i:.*token|.*secret|client_assertion|assertion|device_code|client-key-data|password|target|key_hsm)$`)

var anyToken = regexp.MustCompile(`eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{16,}`)

// read finds secrets in a form, in JSON, and in whatever that holds.
func (c *canaries) read(body []byte) {
	for _, token := range anyToken.FindAll(body, -1) {
		c.add("token", string(token))
	}
	if form, err := url.ParseQuery(string(body)); err == nil && len(body) < 64<<10 {
		for name, values := range form {
			if secretFields.MatchString(name) && len(values) == 1 {
				c.add(name, values[0])
			}
		}
	}
	var document any
	if json.Unmarshal(body, &document) == nil {
		c.walk("", document)
	}
}

func (c *canaries) walk(name string, value any) {
	switch value := value.(type) {
	case map[string]any:
		if modulus, ok := value["n"].(string); ok && value["kty"] != nil {
			c.modulus(fmt.Sprint("key ", value["kid"]), modulus)
		}
		for field, inner := range value {
			c.walk(field, inner)
		}
	case []any:
		for _, inner := range value {
			c.walk(name, inner)
		}
	case string:
		if secretFields.MatchString(name) {
			c.add(name, value)
		}
		if name == "value" { // a kubeconfig, as listClusterUserCredential has it
			decoded, _ := base64.StdEncoding.DecodeString(value)
			for _, field := range regexp.MustCompile(`(?:token|client-key-data|password): (\S+)`).FindAllSubmatch(decoded, -1) {
				c.add("kubeconfig", string(field[1]))
			}
		}
		// What the guest attests holds the public half of its own key.
		if parts := strings.Split(value, "."); len(parts) == 3 {
			if payload, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
				var claims any
				if json.Unmarshal(payload, &claims) == nil {
					c.walk("", claims)
				}
			}
		}
	}
}

func (c *canaries) modulus(what, encoded string) {
	n, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || len(n) < 128 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moduli[what] = new(big.Int).SetBytes(n)
}

func (c *canaries) add(what, secret string) {
	if len(secret) < window || secret == "eyJhbGciOiJub25lIn0" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.secrets[secret] = what
}

// window is how many characters of a secret, in a row, are as bad as all of it. What a token claims are
// words that may stand elsewhere, too: there it takes more of them.
const (
	window = 16
	claims = 64
)

// windows are what must be nowhere, by their length: every part of every secret, as it is and encoded.
func (c *canaries) windows() map[int]map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[int]map[string]string{window: {}, claims: {}}
	put := func(what, text string, size int) {
		for i := 0; i+size <= len(text); i++ {
			all[size][text[i:i+size]] = what
		}
	}
	for secret, what := range c.secrets {
		own := secret[strings.LastIndex(secret, ".")+1:] // a token's signature
		put(what, secret, claims)
		put(what, own, window)
		if len(own) < window {
			continue
		}
		put(what+" in hex", hex.EncodeToString([]byte(own[:window])), window)
		for skip := range 3 { // however it lies in what is encoded
			encoded := base64.StdEncoding.EncodeToString([]byte(own[skip:window]))
			put(what+" in base64", strings.TrimRight(encoded, "="), window)
		}
	}
	return all
}

// absentFrom looks for the canaries in everything that was left behind.
func (c *canaries) absentFrom(t *testing.T, left map[string][]byte) {
	t.Helper()
	all := c.windows()
	for place, content := range left {
		for size, windows := range all {
			for i := 0; i+size <= len(content); i++ {
				if what, found := windows[string(content[i:i+size])]; found {
					t.Errorf("%s holds a %s: …%q…", place, what, content[max(0, i-60):i+size])
					break
				}
			}
		}
		if bytes.Contains(content, []byte("PRIVATE KEY-----")) {
			t.Errorf("%s holds a private key", place)
		}
		c.noFactorIn(t, place, content)
	}
}

var encodedRun = regexp.MustCompile(`[A-Za-z0-9+/_-]{160,}`)

// noFactorIn looks for private keys in any form that holds a prime: whatever divides the public
// modulus is one. PKCS #1, PKCS #8 and JSON web keys are all such.
func (c *canaries) noFactorIn(t *testing.T, place string, content []byte) {
	t.Helper()
	joined := regexp.MustCompile(`\\n|\s`).ReplaceAll(content, nil) // PEM breaks lines
	candidates := append([][]byte{}, content)
	if len(content) > 64<<10 {
		candidates = nil // text; a binary key would be a file of its own
	}
	for _, run := range encodedRun.FindAllString(string(joined), -1) {
		run = run[:min(len(run), 8<<10)] // a key is no longer
		if c.searched[run] {
			continue // the same text stands in many places
		}
		c.searched[run] = true
		if raw, err := hex.DecodeString(run); err == nil {
			candidates = append(candidates, raw)
		}
		plain := strings.NewReplacer("-", "+", "_", "/").Replace(run)
		if raw, err := base64.RawStdEncoding.DecodeString(plain[:len(plain)/4*4]); err == nil {
			candidates = append(candidates, raw)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	rest := new(big.Int)
	for what, n := range c.moduli {
		size := n.BitLen() / 16
		for _, candidate := range candidates {
			for i := 0; i+size <= len(candidate); i++ {
				prime := new(big.Int).SetBytes(candidate[i : i+size])
				if prime.BitLen() > size*8-8 && rest.Mod(n, prime).Sign() == 0 {
					t.Errorf("%s holds the private half of %s", place, what)
					return
				}
			}
		}
	}
}

// filesIn is all that lies in a folder, but for where the sandbox tells its own user of itself.
func filesIn(t *testing.T, dir, apart string) map[string][]byte {
	t.Helper()
	left := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == apart {
			if path == apart {
				return filepath.SkipDir
			}
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[entry.IsDir()]; path != dir && runtime.GOOS != "windows" && info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, not %o", path, info.Mode().Perm(), want)
		}
		if !entry.IsDir() {
			left[path], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// A whole walkthrough, its status and its cleanup leave no secret: not in what is printed, in neither
// form, nor in any file.
func TestNoSecretIsLeftBehind(t *testing.T) {
	c := newCanaries()
	p := serve(t, "", c.around)
	e := p.sandbox.Endpoints()
	c.add("client secret", e.ClientSecret)
	c.add("Kafka password", e.Kafka.Password)
	left := map[string][]byte{}
	for _, line := range []string{
		"--auto --sandbox --output json", "--auto --sandbox", "status", "status --output json", "plan --output json", "plan",
	} {
		ended := p.call(t, strings.Fields(line)...)
		if ended.code != actions.ExitDone {
			t.Fatalf("%s: %d\n%s", line, ended.code, ended.err)
		}
		left["stdout of "+line], left["stderr of "+line] = []byte(ended.out), []byte(ended.err)
	}
	for path, content := range filesIn(t, p.state, string(p.discovery())) {
		left[path] = content
	}
	ended := p.call(t, commandOf(true)...)
	left["stdout of cleanup"], left["stderr of cleanup"] = []byte(ended.out), []byte(ended.err)
	if len(c.secrets) < 10 || len(c.moduli) < 2 {
		t.Fatalf("only %d secrets and %d keys were seen", len(c.secrets), len(c.moduli))
	}
	t.Logf("looked for %d secrets and %d private keys in %d places", len(c.secrets), len(c.moduli), len(left))
	c.absentFrom(t, left)
}

// Services that repeat what they were sent, header and all, do not make cctui repeat it.
func TestWhatServicesRepeatIsWithheld(t *testing.T) {
	azureError := func(r *http.Request, body []byte) string {
		said := fmt.Sprintf("you sent %q with Authorization: %s and %s", r.URL.Path, r.Header.Get("Authorization"), body)
		text, _ := json.Marshal(said)
		return fmt.Sprintf(`{"error":{"code":"Odd","message":%s,"innererror":{"code":"Odder"}}}`, text)
	}
	for name, echo := range map[string]func(*http.Request, []byte) (int, string){
		"resource manager": func(r *http.Request, body []byte) (int, string) {
			if strings.HasPrefix(r.Host, "management.") && r.Method == http.MethodPut {
				return http.StatusConflict, azureError(r, body)
			}
			return 0, ""
		},
		"vault": func(r *http.Request, body []byte) (int, string) {
			if strings.Contains(r.Host, ".vault.") && r.Method == http.MethodPost && r.Header.Get("Authorization") != "" {
				return http.StatusBadRequest, azureError(r, body)
			}
			return 0, ""
		},
		"sign-in": func(r *http.Request, body []byte) (int, string) {
			if form, err := url.ParseQuery(string(body)); err == nil && strings.HasPrefix(r.Host, "login.") && form.Has("client_secret") {
				said, _ := json.Marshal(fmt.Sprintf("AADSTS7000215: Invalid client secret %s, in %s", form.Get("client_secret"), body))
				return http.StatusUnauthorized, fmt.Sprintf(`{"error":"invalid_client","error_description":%s}`, said)
			}
			return 0, ""
		},
		"the cluster": func(r *http.Request, body []byte) (int, string) {
			if r.TLS != nil && strings.Contains(r.TLS.ServerName, ".k8s.") && r.Method == http.MethodPatch {
				said, _ := json.Marshal("you sent Authorization: " + r.Header.Get("Authorization"))
				return http.StatusUnprocessableEntity, fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":%s,"reason":"Invalid","code":422}`, said)
			}
			return 0, ""
		},
		"attestation": func(r *http.Request, body []byte) (int, string) {
			if strings.Contains(r.Host, ".attest.") && r.Method == http.MethodPost {
				return http.StatusBadRequest, azureError(r, body)
			}
			return 0, ""
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCanaries()
			c.echo = echo
			p := serve(t, "", c.around)
			c.add("client secret", p.sandbox.Endpoints().ClientSecret)
			left := map[string][]byte{}
			for _, line := range []string{"--auto --sandbox --output json", "--auto --sandbox", "cleanup --yes --sandbox"} {
				ended := p.call(t, strings.Fields(line)...)
				if ended.code == actions.ExitDone && strings.HasPrefix(line, "--auto") {
					t.Errorf("%s: nothing failed", line)
				}
				left["stdout of "+line], left["stderr of "+line] = []byte(ended.out), []byte(ended.err)
			}
			for path, content := range filesIn(t, p.state, string(p.discovery())) {
				left[path] = content
			}
			// What is said to pods ends in their logs.
			if said := left["stdout of --auto --sandbox --output json"]; name != "attestation" && !bytes.Contains(said, []byte("withheld")) {
				t.Errorf("what was repeated did not come so far:\n%s", said)
			}
			c.absentFrom(t, left)
		})
	}
}

// The folder by which other processes find a sandbox holds what its user needs, and not the key with
// which its authority could vouch for anybody: no 32 bytes of it make that key.
func TestTheAuthoritysKeyIsNeverWritten(t *testing.T) {
	p := serve(t, "", nil)
	p.call(t, "--auto", "--sandbox")
	block, _ := pem.Decode([]byte(p.sandbox.Endpoints().CA))
	authority, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	public, err := authority.PublicKey.(*ecdsa.PublicKey).ECDH()
	if err != nil {
		t.Fatal(err)
	}
	isKey := func(scalar []byte) bool {
		key, err := ecdh.P256().NewPrivateKey(scalar)
		return err == nil && key.PublicKey().Equal(public)
	}
	searched := map[string]bool{}
	for path, content := range filesIn(t, p.state, "") {
		var pieces [][]byte
		for _, run := range regexp.MustCompile(`[A-Za-z0-9+/_=-]{40,}`).FindAll(bytes.ReplaceAll(content, []byte(`\n`), nil), -1) {
			if searched[string(run)] {
				continue
			}
			searched[string(run)] = true
			if raw, err := hex.DecodeString(string(run)); err == nil {
				pieces = append(pieces, raw)
			}
			plain := strings.NewReplacer("-", "+", "_", "/", "=", "").Replace(string(run))
			if raw, err := base64.RawStdEncoding.DecodeString(plain[:len(plain)/4*4]); err == nil {
				pieces = append(pieces, raw)
			}
		}
		if strings.HasPrefix(path, string(p.discovery())) {
			pieces = append(pieces, content)
		}
		for _, piece := range pieces {
			for i := 0; i+32 <= min(len(piece), 16<<10); i++ {
				if isKey(piece[i : i+32]) {
					t.Fatalf("%s holds the authority's key", path)
				}
			}
		}
		if bytes.Contains(content, []byte("PRIVATE KEY")) {
			t.Errorf("%s holds a private key", path)
		}
	}
}
