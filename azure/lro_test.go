package azure

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const (
	clusterPath   = "/subscriptions/5e1f0000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks"
	operationPath = "/subscriptions/5e1f0000-0000-4000-8000-000000000001/providers/Microsoft.ContainerService/locations/eastus/operations/op1"
	operationURL  = "https://management.localhost" + operationPath + "?api-version=2017-08-31"

	creating = `{"name":"aks","properties":{"provisioningState":"Creating"}}`
	finished = `{"name":"aks","properties":{"provisioningState":"Succeeded","oidcIssuerProfile":{"enabled":true,"issuerURL":"https://issuer/"}}}`
)

var clusterSpec = ClusterSpec{Name: "aks", Location: "eastus", VMSize: "Standard_D4s_v5", NodeCount: 1}

// accepts answers a PUT with an operation to poll.
func accepts(s *service, path string) {
	s.Handle("PUT "+path, answers(reply(http.StatusCreated, creating, "Azure-AsyncOperation", operationURL, "retry-after-ms", "1")))
}

func running(status string) func(http.ResponseWriter) {
	return reply(http.StatusOK, `{"status":"`+status+`"}`, "retry-after-ms", "1")
}

func TestALongOperationIsRecordedBeforeItIsPolledAndTold(t *testing.T) {
	s := newService(t)
	accepts(s, clusterPath)
	s.Handle("GET "+operationPath, answers(running("InProgress"), running("Upgrading"), running("Succeeded")))
	s.Handle("GET "+clusterPath, answers(reply(http.StatusOK, finished)))

	var told []string
	cluster, err := s.client(t).CreateCluster(t.Context(), testGroup, clusterSpec, LRO{
		Accepted: func(token string) error {
			if s.asked("GET "+operationPath) > 0 {
				t.Error("polled before the resume token was recorded")
			}
			if token == "" {
				t.Error("the resume token is empty")
			}
			return nil
		},
		Progress: func(state string) { told = append(told, state) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if cluster.IssuerURL != "https://issuer/" || cluster.State != "Succeeded" {
		t.Errorf("cluster = %+v", cluster)
	}
	if want := []string{"InProgress", "Upgrading", "Succeeded"}; !slices.Equal(told, want) {
		t.Errorf("progress = %q, want %q", told, want)
	}
}

func TestAnOperationIsNotPolledWhenItCouldNotBeRecorded(t *testing.T) {
	s := newService(t)
	accepts(s, clusterPath)
	full := errors.New("disk full")
	_, err := s.client(t).CreateCluster(t.Context(), testGroup, clusterSpec, LRO{Accepted: func(string) error { return full }})
	if !errors.Is(err, full) {
		t.Errorf("error = %v, want one about the full disk", err)
	}
	if s.asked("GET "+operationPath) > 0 {
		t.Error("polled all the same")
	}
}

func TestWhatIsDoneAtOnceHasNoResumeToken(t *testing.T) {
	s := newService(t)
	s.Handle("PUT "+clusterPath, answers(reply(http.StatusOK, finished)))
	_, err := s.client(t).CreateCluster(t.Context(), testGroup, clusterSpec, LRO{Accepted: func(token string) error {
		t.Errorf("accepted with token %q", token)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// acceptedToken is the resume token of a cluster creation that was left under way.
func acceptedToken(t *testing.T, s *service) (token string) {
	t.Helper()
	died := errors.New("died")
	_, err := s.client(t).CreateCluster(t.Context(), testGroup, clusterSpec, LRO{Accepted: func(recorded string) error {
		token = recorded
		return died
	}})
	if !errors.Is(err, died) {
		t.Fatal(err)
	}
	return token
}

func TestAnotherProcessResumesWithoutCreatingTwice(t *testing.T) {
	s := newService(t)
	accepts(s, clusterPath)
	s.Handle("GET "+operationPath, answers(running("InProgress"), running("Succeeded")))
	s.Handle("GET "+clusterPath, answers(reply(http.StatusOK, finished)))

	cluster, err := s.client(t).CreateCluster(t.Context(), testGroup, clusterSpec, LRO{
		ResumeToken: acceptedToken(t, s),
		Accepted:    func(string) error { t.Error("a resumed operation was accepted anew"); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if cluster.State != "Succeeded" {
		t.Errorf("cluster = %+v", cluster)
	}
	if puts := s.asked("PUT " + clusterPath); puts != 1 {
		t.Errorf("%d PUTs, want 1", puts)
	}
}

func TestAResumeTokenForAnotherHostIsRefusedBeforeAnyRequest(t *testing.T) {
	seed := newService(t)
	accepts(seed, clusterPath)
	token := acceptedToken(t, seed)

	for name, evil := range map[string]string{
		"another host":   strings.ReplaceAll(token, "management.localhost", "evil.example"),
		"one URL of two": strings.Replace(token, "https://management.localhost", "https://evil.example", 1),
		"look-alike":     strings.ReplaceAll(token, "https://management.localhost", "https://management.localhost@evil.example"),
		"longer host":    strings.ReplaceAll(token, "management.localhost", "management.localhost.evil.example"),
		"another port":   strings.ReplaceAll(token, "management.localhost", "management.localhost:8443"),
		"no TLS":         strings.ReplaceAll(token, "https://", "http://"),
		"no host":        strings.ReplaceAll(token, "https://management.localhost", "https:"),
		"other case":     strings.Replace(token, `"asyncURL"`, `"ASYNCURL":"https://evil.example/","asyncURL"`, 1),
		"no JSON":        "https://evil.example",
		"cut off":        token[:len(token)/2],
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			_, err := s.client(t).CreateCluster(t.Context(), testGroup, clusterSpec, LRO{ResumeToken: evil})
			if err == nil || !strings.Contains(err.Error(), "resume token") || strings.Contains(err.Error(), operationPath) {
				t.Errorf("error = %v, want one about the resume token", err)
			}
			if s.askedAnything() {
				t.Errorf("requests were sent: %q to %q", s.requests, s.hosts)
			}
		})
	}
}

func FuzzAnAcceptedResumeTokenNamesNoOtherHost(f *testing.F) {
	f.Add(`{"type":"T","token":{"asyncURL":"https://management.localhost/op","state":"InProgress"}}`)
	f.Add(`{"type":"T","token":{"asyncURL":"https://evil.example/op"}}`)
	f.Add(`["//evil.example/op", "https:\\evil.example"]`)
	f.Add(`{"token":{"a":"https://management.localhost:1/"}}`)
	f.Fuzz(func(t *testing.T, token string) {
		if checkResumeToken(token, testCloud.ResourceManager) != nil {
			return
		}
		var decoded any
		if json.Unmarshal([]byte(token), &decoded) != nil {
			return // the SDK cannot read it either
		}
		for _, text := range textsIn(decoded) {
			if u, err := url.Parse(text); err == nil && u.Scheme != "" && !strings.EqualFold(u.Host, "management.localhost") {
				t.Errorf("token %q leads to %q", token, text)
			}
		}
	})
}

func textsIn(decoded any) (texts []string) {
	switch value := decoded.(type) {
	case string:
		return []string{value}
	case []any:
		for _, element := range value {
			texts = append(texts, textsIn(element)...)
		}
	case map[string]any:
		for _, element := range value {
			texts = append(texts, textsIn(element)...)
		}
	}
	return texts
}

func TestAForgottenOperationIsFollowedByTheProvisioningState(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusGone} {
		s := newService(t)
		accepts(s, clusterPath)
		s.Handle("GET "+operationPath, answers(reply(status, `{"error":{"code":"NotFound"}}`)))
		s.Handle("GET "+clusterPath, answers(reply(http.StatusOK, creating), reply(http.StatusOK, finished)))

		var told []string
		cluster, err := s.client(t).CreateCluster(t.Context(), testGroup, clusterSpec, LRO{
			ResumeToken: acceptedToken(t, s),
			Progress:    func(state string) { told = append(told, state) },
		})
		if err != nil || cluster.State != "Succeeded" {
			t.Errorf("HTTP %d: cluster = %+v, error = %v", status, cluster, err)
		}
		if want := []string{"Creating", "Succeeded"}; !slices.Equal(told, want) {
			t.Errorf("HTTP %d: progress = %q, want %q", status, told, want)
		}
	}
}

func TestAForgottenOperationWithoutItsResourceIsNotFound(t *testing.T) {
	s := newService(t)
	accepts(s, clusterPath)
	s.Handle("GET "+operationPath, answers(reply(http.StatusGone, `{}`)))
	s.Handle("GET "+clusterPath, answers(reply(http.StatusNotFound, `{"error":{"code":"ResourceNotFound","message":"gone"}}`)))
	_, err := s.client(t).CreateCluster(t.Context(), testGroup, clusterSpec, LRO{ResumeToken: acceptedToken(t, s)})
	if !IsNotFound(err) {
		t.Errorf("error = %v, want not found", err)
	}
}

func TestAFailedOperationSaysWhy(t *testing.T) {
	s := newService(t)
	accepts(s, clusterPath)
	s.Handle("GET "+operationPath, answers(reply(http.StatusOK,
		`{"status":"Failed","error":{"code":"ErrCode_InsufficientVCPUQuota","message":"left 0, needs 16"}}`, "x-ms-request-id", "r-1")))
	_, err := s.client(t).CreateCluster(t.Context(), testGroup, clusterSpec, LRO{})
	var refusal *Error
	if !errors.As(err, &refusal) {
		t.Fatalf("error = %v, want an *Error", err)
	}
	if want := (Error{Status: 200, Code: "ErrCode_InsufficientVCPUQuota", Message: "left 0, needs 16", RequestID: "r-1"}); *refusal != want {
		t.Errorf("error = %+v, want %+v", *refusal, want)
	}
}

func TestAwaitClusterTellsWhyTheClusterFailed(t *testing.T) {
	s := newService(t)
	s.Handle("GET "+clusterPath, answers(reply(http.StatusOK,
		`{"properties":{"provisioningState":"Failed","status":{"provisioningError":{"code":"SkuNotAvailable","message":"not here"}}}}`)))
	_, err := s.client(t).AwaitCluster(t.Context(), testGroup, "aks", nil)
	var refusal *Error
	if !errors.As(err, &refusal) || refusal.Code != "ProvisioningFailed" || refusal.InnerCode != "SkuNotAvailable" {
		t.Errorf("error = %v", err)
	}
}

func TestAwaitPoolFollowsItsState(t *testing.T) {
	s := newService(t)
	s.Handle("GET "+clusterPath+"/agentPools/kata", answers(reply(http.StatusOK, creating), reply(http.StatusOK, finished),
		reply(http.StatusOK, `{"properties":{"provisioningState":"Canceled"}}`)))
	pool, err := s.client(t).AwaitPool(t.Context(), testGroup, "aks", "kata", nil)
	if err != nil || pool.State != "Succeeded" {
		t.Errorf("pool = %+v, %v", pool, err)
	}
	var refusal *Error
	if _, err := s.client(t).AwaitPool(t.Context(), testGroup, "aks", "kata", nil); !errors.As(err, &refusal) || refusal.Code != "ProvisioningCanceled" {
		t.Errorf("error = %v", err)
	}
}

func TestAVaultThatDoesNotShowAtOnceIsWaitedFor(t *testing.T) {
	s := newService(t)
	const path = "/subscriptions/5e1f0000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"
	registering := reply(http.StatusOK, `{"name":"kv","properties":{"provisioningState":"RegisteringDns"}}`, "retry-after-ms", "1")
	s.Handle("PUT "+path, answers(registering))
	s.Handle("GET "+path, answers(reply(http.StatusNotFound, `{"error":{"code":"ResourceNotFound"}}`), registering,
		reply(http.StatusOK, `{"name":"kv","properties":{"provisioningState":"Succeeded","sku":{"name":"Premium"},"vaultUri":"https://kv.vault.localhost/"}}`)))
	vault, err := s.client(t).CreateVault(t.Context(), testGroup, VaultSpec{Name: "kv", Location: "eastus", TenantID: "t"}, LRO{})
	if err != nil || !vault.Premium || vault.RBAC || vault.URI != "https://kv.vault.localhost" {
		t.Errorf("vault = %+v, %v", vault, err)
	}
}

func TestDeletingSomethingAbsentSucceeds(t *testing.T) {
	s := newService(t)
	s.Handle("/", answers(reply(http.StatusNotFound, `{"error":{"code":"ResourceNotFound","message":"absent"}}`)))
	client := s.client(t)
	for name, remove := range map[string]func(ctx context.Context) error{
		"group":    func(ctx context.Context) error { return client.DeleteResourceGroup(ctx, testGroup, LRO{}) },
		"cluster":  func(ctx context.Context) error { return client.DeleteCluster(ctx, testGroup, "x", LRO{}) },
		"pool":     func(ctx context.Context) error { return client.DeletePool(ctx, testGroup, "x", "y", LRO{}) },
		"identity": func(ctx context.Context) error { return client.DeleteIdentity(ctx, testGroup, "x") },
		"federated credential": func(ctx context.Context) error {
			return client.DeleteFederatedCredential(ctx, testGroup, "x", "y")
		},
		"role assignment": func(ctx context.Context) error { return client.DeleteRoleAssignment(ctx, testGroup.ID(), "x") },
		"vault":           func(ctx context.Context) error { return client.DeleteVault(ctx, testGroup, "x") },
		"deleted vault": func(ctx context.Context) error {
			return client.PurgeVault(ctx, testGroup.Subscription, "eastus", "x", LRO{})
		},
		"local role": func(ctx context.Context) error {
			return client.DeleteLocalRoleAssignment(ctx, "https://h.managedhsm.localhost", "/keys", "x")
		},
		"provider": func(ctx context.Context) error { return client.DeleteAttestationProvider(ctx, testGroup, "x") },
	} {
		if err := remove(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADeletionThatGotLostIsAskedForAgain(t *testing.T) {
	s := newService(t)
	polling := reply(http.StatusAccepted, "", "Location", operationURL, "retry-after-ms", "1")
	s.Handle("DELETE "+clusterPath, answers(polling))
	s.Handle("GET "+operationPath, answers(reply(http.StatusGone, `{}`), reply(http.StatusNoContent, "")))
	s.Handle("GET "+clusterPath, answers(reply(http.StatusOK, `{"properties":{"provisioningState":"Deleting"}}`), reply(http.StatusOK, finished)))
	if err := s.client(t).DeleteCluster(t.Context(), testGroup, "aks", LRO{}); err != nil {
		t.Fatal(err)
	}
	if deletes := s.asked("DELETE " + clusterPath); deletes != 2 {
		t.Errorf("%d DELETEs, want 2", deletes)
	}
}

func TestThrottlingIsSurvived(t *testing.T) {
	s := newService(t)
	slow := reply(http.StatusTooManyRequests, `{"error":{"code":"TooManyRequests"}}`, "retry-after-ms", "1")
	broken := reply(http.StatusServiceUnavailable, ``, "retry-after-ms", "1")
	s.Handle("GET "+clusterPath, answers(slow, broken, slow, reply(http.StatusOK, finished)))
	if _, err := s.client(t).Cluster(t.Context(), testGroup, "aks"); err != nil {
		t.Fatal(err)
	}
}

func TestBackoffStartsFastAndEndsPolite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wait backoff
		var waits []time.Duration
		for range 16 {
			start := time.Now()
			if err := wait.next(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			waits = append(waits, time.Since(start))
		}
		if waits[0] != 50*time.Millisecond || waits[1] != 80*time.Millisecond || waits[15] != 15*time.Second {
			t.Errorf("waits = %v", waits)
		}
	})
}

func TestTheServersWordOnWhenToAskAgainWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for header, value := range map[string]string{
			"Retry-After":         "30",
			"retry-after-ms":      "30000",
			"x-ms-retry-after-ms": "30000",
		} {
			var wait backoff
			start := time.Now()
			if err := wait.next(t.Context(), &http.Response{Header: http.Header{http.CanonicalHeaderKey(header): {value}}}); err != nil {
				t.Fatal(err)
			}
			if waited := time.Since(start); waited != 30*time.Second {
				t.Errorf("%s: %s: waited %v", header, value, waited)
			}
		}
	})
}

func TestRetryAfterMayBeADate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		date := time.Now().Add(2 * time.Minute).UTC().Format(http.TimeFormat)
		if after := retryAfter(&http.Response{Header: http.Header{"Retry-After": {date}}}); after != 2*time.Minute {
			t.Errorf("retryAfter = %v, want 2m", after)
		}
		if after := retryAfter(&http.Response{Header: http.Header{"Retry-After": {"soon"}}}); after != 0 {
			t.Errorf("retryAfter = %v, want 0", after)
		}
	})
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	s := newService(t)
	accepts(s, clusterPath)
	s.Handle("GET "+operationPath, answers(reply(http.StatusOK, `{"status":"InProgress"}`, "Retry-After", "3600")))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.client(t).CreateCluster(ctx, testGroup, clusterSpec, LRO{Progress: func(string) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want canceled", err)
	}
}
