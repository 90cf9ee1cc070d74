package sandbox

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/cctui/cctui/sandbox/front"
)

// spoiltFront serves one JSON document at every host, with a fault in front of it.
func spoiltFront(t *testing.T, fault string) *front.Front {
	t.Helper()
	f, _ := changingFront(t, fault)
	return f
}

func changingFront(t *testing.T, fault string) (*front.Front, weather) {
	t.Helper()
	w, err := newWeather(ProfileInstant, 1, []string{fault})
	if err != nil {
		t.Fatal(err)
	}
	f, err := front.Listen(loopback)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	f.Handle("*.localhost", spoilt(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"document": "long enough to be broken off"})
	}), w))
	return f, w
}

// get is the status of an answer; 0 where it does not arrive whole.
func get(f *front.Front, host, path string) int {
	response, err := f.Client().Get(f.URL(host) + path)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&map[string]any{}); err != nil {
		return 0
	}
	return response.StatusCode
}

func TestHTTPFaultsSpoilTheFirstTries(t *testing.T) {
	tests := []struct {
		fault   string
		service string
		want    []int
	}{
		{"http-500", "management.localhost", []int{500, 200, 500}},
		{"http-500=login", "login.localhost", []int{500, 200}},
		{"http-500=login", "management.localhost", []int{200}},
		{"http-503=attest", "sharedeus.eus.attest.localhost", []int{503, 200}},
		{"http-reset", "management.localhost", []int{0, 200}},
		{"http-truncated=vault", "kv.vault.localhost", []int{0, 200}},
		{"http-slow=k8s", "aks.k8s.localhost", []int{200}},
		{"throttle", "kv.vault.localhost", []int{429, 429, 200}},
		{"throttle", "login.localhost", []int{200}},
		{"throttle=login", "login.localhost", []int{429, 429, 200, 429}},
		{"http-malformed=k8s", "aks.k8s.localhost", []int{0, 200, 200, 200}}, // a page, other types, and then for good
	}
	for _, test := range tests {
		t.Run(test.fault+" "+test.service, func(t *testing.T) {
			f := spoiltFront(t, test.fault)
			for i, want := range test.want {
				if got := get(f, test.service, "/"); got != want {
					t.Errorf("try %d: %d, want %d", i+1, got, want)
				}
			}
		})
	}
}

func TestFaultsComeAndGo(t *testing.T) {
	f, w := changingFront(t, "http-500=login")
	for i, step := range []struct {
		script []string
		want   int
	}{{nil, 200}, {[]string{"http-503=login"}, 503}, {nil, 200}} {
		if err := w.script(step.script); err != nil {
			t.Fatal(err)
		}
		if got := get(f, "login.localhost", "/"); got != step.want {
			t.Errorf("step %d: %d, want %d", i, got, step.want)
		}
	}
}
