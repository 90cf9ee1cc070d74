package azure

import (
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
)

func TestThePublicCloudIsTheSDKs(t *testing.T) {
	ours := PublicCloud().configuration()
	if ours.ActiveDirectoryAuthorityHost != cloud.AzurePublic.ActiveDirectoryAuthorityHost {
		t.Errorf("authority = %q, want %q", ours.ActiveDirectoryAuthorityHost, cloud.AzurePublic.ActiveDirectoryAuthorityHost)
	}
	if got, want := ours.Services[cloud.ResourceManager].Endpoint, cloud.AzurePublic.Services[cloud.ResourceManager].Endpoint; got != want {
		t.Errorf("resource manager = %q, want %q", got, want)
	}
}

func TestAClientNeedsACredentialAndAnEndpoint(t *testing.T) {
	for name, config := range map[string]Config{
		"no credential": {Cloud: PublicCloud()},
		"no endpoint":   {Credential: &Credential{source: staticToken("t")}},
	} {
		if _, err := New(config); err == nil {
			t.Errorf("%s: made a client", name)
		}
	}
}

func TestAResponseWithoutEndIsCutOff(t *testing.T) {
	s := newService(t)
	s.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		for chunk := make([]byte, 1<<20); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://management.localhost/", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport{s.http}.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	read := 0
	for buffer := make([]byte, 1<<20); err == nil; {
		var n int
		n, err = response.Body.Read(buffer)
		read += n
	}
	if read != maxBody {
		t.Errorf("read %d bytes, want %d", read, maxBody)
	}
}
