package kubernetes_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
)

// Whatever an admin asks, the API server answers with an object and keeps running; whoever shows
// no credential is told so and nothing else.
func FuzzRequests(f *testing.F) {
	cluster, _ := start(f, nil)
	access, err := clientcmd.RESTConfigFromKubeConfig(cluster.Kubeconfig())
	if err != nil {
		f.Fatal(err)
	}
	const pods = "/api/v1/namespaces/default/pods"
	f.Add("GET", pods, "application/json", "")
	f.Add("POST", pods, "application/json", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"m","image":"web"}]}}`)
	f.Add("PATCH", pods+"/a", "application/apply-patch+yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: m, image: web}]}\n")
	f.Add("PATCH", pods+"/a", "application/json-patch+json", `[{"op":"add","path":"/metadata/labels","value":{"a":"b"}}]`)
	f.Add("PATCH", pods+"/a", "application/strategic-merge-patch+json", `{"spec":{"containers":[{"$patch":"delete","name":"m"}]}}`)
	f.Add("GET", pods+"/a/log", "", "")
	f.Add("POST", pods+"/a/portforward", "", "")
	f.Add("GET", "/api/v1/namespaces/default/services/a:80/proxy/", "", "")
	f.Add("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "application/json", `{"spec":null}`)
	f.Add("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", "application/json", `{"spec":{"audiences":["a"]}}`)
	f.Fuzz(func(t *testing.T, method, path, media, body string) {
		ask := func(authorization string) *httptest.ResponseRecorder {
			request := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(body))
			request.Method, request.URL.Path = method, path
			request.Header.Set("Content-Type", media)
			request.Header.Set("Authorization", authorization)
			recorder := httptest.NewRecorder()
			cluster.ServeHTTP(recorder, request)
			return recorder
		}
		if refused := ask("Bearer none"); refused.Code != http.StatusUnauthorized {
			t.Errorf("%s %q without credential: %d %s", method, path, refused.Code, refused.Body)
		}
		answer := ask("Bearer " + access.BearerToken)
		if answer.Code == http.StatusInternalServerError {
			t.Errorf("%s %q %q: %s", method, path, body, answer.Body)
		}
		if answer.Header().Get("Content-Type") == "application/json" && !json.Valid(answer.Body.Bytes()) {
			t.Errorf("%s %q answers %q", method, path, answer.Body)
		}
	})
}
