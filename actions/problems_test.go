package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/kube"
	"github.com/cctui/cctui/skr"
)

// service is a refusal of Resource Manager or a vault.
func service(status int, code, inner, message string) error {
	return fmt.Errorf("do something: %w", &azure.Error{Status: status, Code: code, InnerCode: inner, Message: message})
}

// podEvent is a pod that does not start, and the event that says why.
func podEvent(reason, message string) error {
	return &kube.PodError{
		Pod:    kube.Pod{Namespace: "kafka", Name: "kafka-golang-consumer"},
		Reason: reason,
		Events: []kube.Event{{Type: "Warning", Reason: reason, Message: message}},
	}
}

// entra is a refusal that the pod's sidecar met when it signed in.
func entra(code, message string) error {
	return skr.ParseSidecarError(403, "retrieving authentication token failed: http response status equal to 401 "+code+": "+message)
}

// release is a refusal that the sidecar met at the vault.
func release(status int, code string) error {
	return skr.ParseSidecarError(403, fmt.Sprintf(
		`releasing the key kafka failed: AKV post request failed: http response status equal to %d {"error":{"code":%q,"message":"no"}}`, status, code))
}

const rbacRefusal = "Caller is not authorized to perform action on resource.\r\n" +
	"Caller: appid=04b07795-8ddb-461a-bbee-02f9e1bf7b46;oid=0a1b2c3d-0000-4000-8000-1234567890ab;iss=https://sts.windows.net/t/\r\n" +
	"Action: 'Microsoft.KeyVault/vaults/keys/create/action'\r\n" +
	"Resource: '/subscriptions/s/resourcegroups/g/providers/microsoft.keyvault/vaults/kv/keys/k'\r\n" +
	"Assignment: (not found)\r\nDecisionReason: 'DeniedWithNoValidRBAC'\r\nVault: kv;location=eastus\r\n"

// samples are errors as they are seen, by the problem they are.
var samples = []struct {
	id   string
	step string
	err  error
}{
	{"federated-subject-case", "", entra("AADSTS7002138", "No matching federated identity record found for presented assertion subject.")},
	{"federated-subject", "", entra("AADSTS700213", "No matching federated identity record found for presented assertion subject 'system:serviceaccount:kafka:default'.")},
	{"federated-subject", "", entra("AADSTS70021", "No matching federated identity record found for presented assertion.")},
	{"federated-issuer", "", entra("AADSTS700211", "No matching federated identity record found for presented assertion issuer.")},
	{"federated-audience", "", entra("AADSTS700212", "No matching federated identity record found for presented assertion audience.")},
	{"issuer-unreachable", "", entra("AADSTS90061", "Request to External OIDC endpoint failed.")},

	{"conditional-access", "sign-in", fmt.Errorf("%w: AADSTS50076: you must use multi-factor authentication", azure.ErrSignIn)},
	{"conditional-access", "sign-in", fmt.Errorf("%w: Azure CLI requires multifactor authentication or additional claims. Run this command then retry the operation: az login --claims-challenge e30=", azure.ErrSignIn)},
	{"sign-in-without-az", "sign-in", fmt.Errorf("%w: AzureCLICredential: executable not found on path", azure.ErrSignIn)},
	{"sign-in-setting-missing", "sign-in", fmt.Errorf("%w: environment: missing environment variable AZURE_TENANT_ID", azure.ErrSignIn)},
	{"sign-in-setting-missing", "sign-in", fmt.Errorf("%w: workload-identity: no client ID specified. Check pod configuration or set ClientID in the options", azure.ErrSignIn)},
	{"managed-identity-missing", "sign-in", fmt.Errorf("sign in by managed-identity: %w: ManagedIdentityCredential: dial tcp 169.254.169.254:80: i/o timeout", azure.ErrSignIn)},
	{"sign-in-expired", "sign-in", fmt.Errorf("%w: AADSTS700082: The refresh token has expired due to inactivity.", azure.ErrSignIn)},
	{"client-secret", "sign-in", fmt.Errorf("%w: AADSTS7000215: Invalid client secret provided.", azure.ErrSignIn)},
	{"tenant-unknown", "sign-in", fmt.Errorf("%w: AADSTS90002: Tenant 'x' not found.", azure.ErrSignIn)},
	{"not-signed-in", "sign-in", fmt.Errorf("%w: Please run 'az login' to setup account.", azure.ErrSignIn)},
	{"sign-in-unreadable", "sign-in", fmt.Errorf("%w: ClientSecretCredential: unable to resolve an endpoint: json decode error: json: cannot unmarshal", azure.ErrSignIn)},
	{"sign-in-failed", "sign-in", fmt.Errorf("%w: AADSTS1234567: something new", azure.ErrSignIn)},
	{"subscription-unknown", "sign-in", service(404, "SubscriptionNotFound", "", "The subscription 'x' could not be found.")},
	{"subscription-disabled", "resource-group", service(409, "ReadOnlyDisabledSubscription", "", "The subscription is disabled and therefore marked as read only.")},

	{"feature-pending", "feature", fmt.Errorf("%w (15m0s): waited 15m0s: for the feature", errPatience)},
	{"feature-missing", "availability", service(404, "FeatureNotFound", "", "The feature 'KataCcIsolationPreview' could not be found.")},
	{"feature-off", "node-pool", service(400, "PreviewFeatureNotRegistered", "", "Preview feature Microsoft.ContainerService/KataCcIsolationPreview not registered.")},
	{"provider-off", "cluster", service(409, "MissingSubscriptionRegistration", "", "The subscription is not registered to use namespace 'Microsoft.ContainerService'.")},
	{"preview-gone", "node-pool", service(400, "InvalidParameter", "", "The value of parameter workloadRuntime is invalid. KataCcIsolation is no longer supported.")},
	{"node-image-retired", "node-pool", service(400, "BadRequest", "", "Azure Linux 2.0 node pools are not supported any more.")},
	{"quota-zero", "node-pool", service(400, "ErrCode_InsufficientVCPUQuota", "", "Insufficient vcpu quota requested 8, remaining 0 for family standardDCACCV5Family for region eastus.")},
	{"quota-zero", "node-pool", service(409, "OperationNotAllowed", "", "Operation could not be completed as it results in exceeding approved standardDCACCV5Family Cores quota.")},
	{"sku-not-offered", "node-pool", service(409, "SkuNotAvailable", "", "The requested VM size is currently not available in location 'eastus'.")},
	{"sku-not-offered", "node-pool", service(400, "BadRequest", "", "The VM size of Standard_DC4as_cc_v5 is not allowed in your subscription in location 'brazilsouth'.")},
	{"no-capacity", "node-pool", service(200, "AllocationFailed", "", "Allocation failed. We do not have sufficient capacity for the requested VM size in this region.")},
	{"location-unknown", "resource-group", service(400, "LocationNotAvailableForResourceGroup", "", "The provided location 'eastsus' is not available for resource group.")},

	{"kubernetes-version", "cluster", service(400, "K8sVersionNotSupported", "", "Managed cluster is on version 1.25, which is not supported in this region.")},
	{"name-taken", "vault", service(409, "VaultAlreadyExists", "", "The vault name 'kv' is already in use.")},
	{"cluster-busy", "node-pool", service(409, "AnotherOperationInProgress", "", "Another operation is in progress.")},
	{"cluster-busy", "cluster", service(409, "OperationNotAllowed", "", "Operation is not allowed: an update is in progress on the managed cluster.")},
	{"image-layers", "consumer", podEvent("FailedCreatePodSandBox", "clh: AsyncIo(IoUring: Resource temporarily unavailable)")},

	{"az-missing", "tools", errors.New(`run az: exec: "az": executable file not found in $PATH`)},
	{"dash", "", errors.New("az: error: unrecognized arguments: –-cluster-name")},
	{"aks-preview-old", "tools", errors.New("az aks nodepool add: 'KataCcIsolation' is not a valid value for '--workload-runtime'. Allowed values: OCIContainer.")},
	{"confcom-missing", "policy", errors.New("ERROR: 'confcom' is misspelled or not recognized by the system.")},
	{"confcom-platform", "policy", errors.New("katapolicygen has not been implemented for Windows")},
	{"confcom-crashed", "policy", errors.New("thread 'main' panicked at src/registry.rs:85: ParseIntError { kind: InvalidDigit }")},
	{"confcom-broken", "policy", errors.New("error while loading shared libraries: libssl.so.1.1: cannot open shared object file")},
	{"image-unreadable", "policy", errors.New("GET https://mcr.microsoft.com/v2/x/manifests/1: manifest unknown")},

	{"vault-standard", "key", service(400, "BadParameter", "", "AKV.SKR.1001: The exportable attribute can be set only with premium vaults.")},
	{"release-policy-missing", "key", service(400, "BadParameter", "", "Exportable keys must have release policy.")},
	{"release-policy-fixed", "key", service(400, "BadParameter", "", "AKV.SKR.1020: Immutable Key Release Policy cannot be modified.")},
	{"key-deleted", "key", service(409, "Conflict", "ObjectIsDeletedButRecoverable", "Key kafka-encryption-demo is currently in a deleted state.")},
	{"key-deleted", "key", service(409, "Conflict", "", "Key k is currently in a deleted but recoverable state, and its name cannot be reused.")},
	{"vault-deleted", "vault", service(409, "ConflictError", "", "A vault with the same name already exists in deleted state. You need to either recover or purge existing vault.")},
	{"purge-protected", "vault", service(400, "BadRequest", "", "The vault has purge protection enabled and cannot be purged.")},
	{"vault-access-policy", "key", service(403, "Forbidden", "AccessDenied", "The user, group or application does not have keys create permission on key vault 'kv'.")},
	{"vault-firewall", "key", service(403, "Forbidden", "ForbiddenByFirewall", "Client address is not authorized and caller is not a trusted service.")},
	{"role-missing", "key", service(403, "Forbidden", "ForbiddenByRbac", rbacRefusal)},
	{"role-missing", "message", release(403, "ForbiddenByRbac")},
	{"vault-elsewhere", "vault", service(404, "VaultNotFound", "", "The vault was not found.")},
	{"vault-elsewhere", "", errors.New("Azure akv resource endpoint doesn't exist. Please refer to documentation instructions")},

	{"debuggable-guest", "message", errors.New("claim x-ms-sevsnpvm-is-debuggable is true, the policy wants false")},
	{"policy-drift", "message", errors.New("claim x-ms-sevsnpvm-hostdata is 5c1e, the policy wants 77aa")},
	{"wrong-authority", "message", errors.New("the token's issuer https://a is not the policy's authority https://b")},
	{"key-not-released", "message", release(403, "Forbidden")},
	{"key-not-found", "message", release(404, "KeyNotFound")},
	{"endpoint-unknown", "message", skr.ParseSidecarError(403, "releasing the key k failed: AKV post request failed: dial tcp: lookup myKeyVault.vault.azure.net: no such host")},
	{"attestation-refused", "message", skr.ParseSidecarError(403, `attestation failed: maa post request failed: http response status equal to 400 {"error":{"code":"AttestationFailed","message":"Signature validation failed"}}`)},
	{"certificates-missing", "message", errors.New("level=fatal msg=failed to retrieve thim certs")},
	{"no-sidecar", "message", errors.New(`Post "http://localhost:8080/key/release": dial tcp [::1]:8080: connect: connection refused`)},
	{"consumer-raced", "message", errors.New("not able to retrieve key: unable to retrieve key from SKR. Response Code 403")},

	{"policy-drift", "consumer", podEvent("FailedCreatePodSandBox", `failed to create shim task: "CreateContainerRequest is blocked by policy: "`)},
	{"exec-denied", "", errors.New(`rpc status: "ExecProcessRequest is blocked by policy"`)},
	{"port-forward", "", errors.New("error forwarding port 3333 to pod 0c1d: connect: connection refused")},
	{"runtime-class-missing", "consumer", podEvent("FailedCreate", `pod rejected: RuntimeClass "kata-cc-isolation" not found`)},
	{"guest-boot", "consumer", podEvent("FailedCreatePodSandBox", "Error reading response: vm.boot: EOF")},
	{"image-pull", "producer", podEvent("ImagePullBackOff", "Back-off pulling image")},
	{"volume-pending", "kafka", podEvent("FailedScheduling", "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.")},
	{"volume-pending", "kafka", podEvent("FailedAttachVolume", "AttachVolume.Attach failed for volume pvc-1")},
	{"no-room", "consumer", podEvent("FailedScheduling", "0/3 nodes are available: 3 Insufficient memory.")},
	{"address-pending", "consumer", service(400, "PublicIPCountLimitReached", "", "Cannot create more than 10 public IP addresses.")},
	{"address-pending", "consumer", errors.New("address of service consumer: still pending")},

	{"strimzi-gone", "kafka", errors.New(`no matches for kind "Kafka" in version "kafka.strimzi.io/v1beta2"`)},
	{"strimzi-too-old", "strimzi", errors.New(`Unrecognized field "emulationMajor" (class io.fabric8.kubernetes.client.VersionInfo)`)},
	{"definitions-too-long", "strimzi", errors.New("metadata.annotations: Too long: must have at most 262144 bytes")},
	{"already-exists", "strimzi", errors.New(`customresourcedefinitions.apiextensions.k8s.io "kafkas.kafka.strimzi.io" already exists`)},
	{"operator-forbidden", "kafka", errors.New(`kafkas.kafka.strimzi.io is forbidden: User "system:serviceaccount:kafka:strimzi-cluster-operator" cannot list resource`)},
	{"public-key-old", "message", errors.New("decrypt: crypto/rsa: decryption error")},
	{"producer-key", "producer", errors.New("pod kafka/kafka-producer cannot become ready: CrashLoopBackOff")},
	{"topic-mismatch", "message", errors.New("[3] Unknown Topic Or Partition: the request is for a topic that does not exist")},
	{"kafka-too-new", "message", errors.New("kafka server: The version of API is not supported.")},
	{"no-messages", "message", errors.New("Timeout waiting to read data from Kafka.  Please refresh the page to try again.")},
	{"broker-unready", "kafka", fmt.Errorf("%w (10m0s): kafka my-cluster is not ready", errPatience)},

	{"principal-unknown", "roles", service(400, "PrincipalNotFound", "", "Principal 0a1b does not exist in the directory.")},
	{"no-role-permission", "roles", service(403, "AuthorizationFailed", "", "The client 'ana@contoso.com' with object id '0a1b' does not have authorization to perform action 'Microsoft.Authorization/roleAssignments/write' over scope '/subscriptions/s' or the scope is invalid.")},
	{"no-role-permission", "roles", service(403, "Forbidden", "ForbiddenByRbac", "Caller is not authorized to perform action on resource.\nAction: 'Microsoft.KeyVault/managedHsm/roleAssignments/write/action'")},
	{"not-authorized", "resource-group", service(403, "AuthorizationFailed", "", "The client 'ana@contoso.com' with object id '0a1b' does not have authorization to perform action 'Microsoft.Resources/subscriptions/resourcegroups/write' over scope '/subscriptions/s'.")},
	{"policy-disallows", "cluster", service(403, "RequestDisallowedByPolicy", "", "Resource 'c' was disallowed by policy.")},
	{"locked", "resource-group", service(409, "ScopeLocked", "", "The scope cannot perform delete operation because following scope(s) are locked.")},
	{"cluster-forbids", "service-account", errors.New(`namespaces is forbidden: User "ana" cannot create resource "namespaces" in API group "" at the cluster scope`)},
	{"cluster-refuses-sign-in", "credentials", errors.New("the server has asked for the client to provide credentials")},

	{"cluster-busy", "vault", service(409, "ConflictError", "", "The vault 'kv' is being provisioned. Try again when it is done.")},
	{"throttled", "vault", service(429, "", "", "slow down")},
	{"throttled", "vault", service(200, "SubscriptionRequestsThrottled", "", "slow down")},
	{"service-down", "vault", service(503, "ServiceUnavailable", "", "later")},
	{"operation-failed", "cluster", service(200, "InternalOperationError", "", "the operation failed")},
	{"operation-failed", "vault", service(200, "", "", "")},
	{"answer-unreadable", "message", skr.ParseSidecarError(403, "attestation failed: Retrieving MAA token from MAA endpoint failed: empty token string in maa response")},
	{"answer-unreadable", "vault", fmt.Errorf("read vault kv: %w", &azure.UnreadableError{Host: "management.azure.com"})},
	{"answer-unreadable", "sign-in", errors.New("list subscriptions: unmarshalling type *armsubscriptions.SubscriptionListResult: invalid character '<' looking for beginning of value")},
	{"answer-unreadable", "attestation", errors.New("decode the openid-configuration: json: cannot unmarshal array into Go value of type string")},
	{"host-unknown", "vault", errors.New("dial tcp: lookup management.azure.com: no such host")},
	{"host-unknown", "sign-in", fmt.Errorf("sign in by browser: %w: dial tcp: lookup login.microsoftonline.com: no such host", azure.ErrSignIn)},
	{"untrusted-certificate", "sign-in", errors.New("tls: failed to verify certificate: x509: certificate signed by unknown authority")},
	{"answer-lost", "cluster", fmt.Errorf("create cluster: %w: %w", azure.ErrUncertain, &azure.Error{Status: 409, Code: "Conflict", Message: "another operation is in progress"})},
	{"service-down", "attestation", fmt.Errorf("ask the attestation service: %w", &skr.StatusError{URL: "https://s.attest.azure.net/certs", Status: 502})},
	{"attestation-unreachable", "message", skr.ParseSidecarError(403, `releasing the key kafka failed: AKV post request failed: http response status equal to 400 {"error":{"code":"BadParameter","message":"The specified attestation service https://s.attest.azure.net cannot be reached."}}`)},
	{"service-down", "credentials", errors.New("read the API server's version: the server is currently unable to handle the request")},
	{"connection-lost", "feature", errors.New("register feature: body download policy: stream error: stream ID 49; INTERNAL_ERROR; received from peer")},
	{"connection-lost", "attestation", errors.New(`Get "https://s.attest.azure.net/certs": EOF`)},
	{"connection-lost", "cluster", errors.New("read tcp 10.0.0.1:5: read: connection reset by peer")},
	{"run-locked", "sign-in", &LockedError{PID: 1, Since: time.Unix(0, 0)}},
	{"run-locked", "sign-in", &LockedError{}},
	{"journal-newer", "sign-in", fmt.Errorf("the journal in /home/ana/.local/state/cctui/azure: %w", errNewerJournal)},
	{"journal-damaged", "sign-in", &DamagedError{Dir: "/home/ana/.local/state/cctui/azure", Err: errors.New("unexpected EOF")}},
	{"disk-full", "cluster", errors.New("write the journal: write journal.json: no space left on device")},
	{"state-read-only", "sign-in", errors.New("make the state directory: mkdir /state: read-only file system")},
	{"state-read-only", "cluster", errors.New("write the journal: open /state/journal.json: permission denied")},
	{"timed-out", "cluster", fmt.Errorf("waited 1h0m0s: for the cluster: %w", context.DeadlineExceeded)},
}

func TestKnownFailuresAreRecognised(t *testing.T) {
	for _, sample := range samples {
		p := Explain(sample.step, sample.err)
		if p.ID != sample.id {
			t.Errorf("%v\nis %s, not %s", sample.err, p.ID, sample.id)
			continue
		}
		if p.Raw == "" || p.Step != sample.step {
			t.Errorf("%s lacks the raw error or the step: %+v", p.ID, p)
		}
	}
}

// TestEveryRowIsRecognisedBySomething: a row that no sample reaches, or whose alternative none
// needs, is a guess.
func TestEveryRowIsRecognisedBySomething(t *testing.T) {
	for _, r := range known {
		for i, m := range r.when {
			reached := slices.ContainsFunc(samples, func(sample struct {
				id, step string
				err      error
			}) bool {
				return sample.id == r.id && m.matches(inspect(sample.step, sample.err))
			})
			if !reached {
				t.Errorf("%s: no sample for alternative %d", r.id, i)
			}
		}
	}
}

// TestEveryPatternCompiles, because none does before it is wanted.
func TestEveryPatternCompiles(t *testing.T) {
	for _, r := range known {
		for _, m := range r.when {
			for _, p := range m.text {
				p()
			}
		}
	}
	for _, r := range rules {
		if r.form != nil {
			r.form()
		}
	}
}

func TestEveryRowSaysWhatHappenedWhyAndWhatToDo(t *testing.T) {
	for _, r := range known {
		if r.id == "" || r.title == "" || r.why == "" || len(r.remedy) == 0 || len(r.when) == 0 {
			t.Errorf("row %q is incomplete", r.id)
		}
		if strings.HasSuffix(r.title, ".") || !strings.HasSuffix(r.why, ".") {
			t.Errorf("%s: a title has no full stop, a reason has one", r.id)
		}
		for _, link := range r.links {
			if !strings.HasPrefix(link, "https://") {
				t.Errorf("%s: link %q", r.id, link)
			}
		}
	}
}

// Whatever keeps the operator from a token ends with the exit code of the sign-in.
func TestASignInThatFailsIsOneOfTheSignIn(t *testing.T) {
	for _, reason := range []string{"AADSTS1234567: something new", "dial tcp: lookup login.microsoftonline.com: no such host", "x509: certificate signed by unknown authority"} {
		if p := Explain("sign-in", fmt.Errorf("%w: %s", azure.ErrSignIn, reason)); p.Class != ClassSignIn {
			t.Errorf("%s: class %s", reason, p.Class)
		}
	}
}

func TestAMissingRoleIsNamedWithItsHolder(t *testing.T) {
	p := Explain("key", service(403, "Forbidden", "ForbiddenByRbac", rbacRefusal)).named(testInputs())
	for _, want := range []string{"0a1b2c3d-0000-4000-8000-1234567890ab", "Key Vault Crypto Officer", "keys/create"} {
		if !strings.Contains(p.Why, want) {
			t.Errorf("%q does not name %s", p.Why, want)
		}
	}
	if command := p.Commands[0]; !strings.Contains(command, azure.RoleCryptoOfficer) || !strings.Contains(command, "--name kv-cctui-7f3a2b") {
		t.Errorf("command %q", command)
	}
	released := strings.ReplaceAll(rbacRefusal, "keys/create/action", "keys/release/action")
	if p := Explain("", service(403, "Forbidden", "ForbiddenByRbac", released)); !strings.Contains(p.Why, "Release User") {
		t.Errorf("%q does not name the role for releasing", p.Why)
	}
}

// A remedy for what the run would have made, had it not been given something else, mends nothing.
func TestProblemsNameWhatTheRunUses(t *testing.T) {
	const hsmRefusal = "Action: 'Microsoft.KeyVault/managedHsm/keys/create'"
	tests := map[string]struct {
		change func(*Inputs)
		err    error
		want   string
	}{
		"an existing vault":   {func(in *Inputs) { in.ExistingVault = "shared" }, release(404, "KeyNotFound"), "az keyvault key list --vault-name shared --output table"},
		"an HSM":              {func(in *Inputs) { in.ManagedHSM = "vaulty" }, release(404, "KeyNotFound"), "az keyvault key list --hsm-name vaulty --output table"},
		"an HSM's local role": {func(in *Inputs) { in.ManagedHSM = "vaulty" }, service(403, "Forbidden", "ForbiddenByRbac", hsmRefusal), "az keyvault role assignment create --hsm-name vaulty --assignee-object-id <object-id> --role 'Managed HSM Crypto User' --scope /keys"},
		"an existing cluster": {func(in *Inputs) { in.ExistingCluster, in.ClusterGroup = "old", "prod" }, entra("AADSTS700211", "issuer"), "az aks show --resource-group prod --name old --query oidcIssuerProfile.issuerUrl"},
		"a cluster of ours":   {nil, entra("AADSTS700211", "issuer"), "az aks show --resource-group cctui-7f3a2b --name cctui-7f3a2b --query oidcIssuerProfile.issuerUrl"},
	}
	for name, test := range tests {
		if p := Explain("", test.err).named(inputsOf(test.change)); !slices.Contains(p.Commands, test.want) {
			t.Errorf("%s: %q lacks %q", name, p.Commands, test.want)
		}
	}
}

func TestWhoMayNotDoWhatIsSaid(t *testing.T) {
	for _, sample := range samples {
		if sample.id == "not-authorized" {
			if p := Explain("", sample.err); !strings.HasPrefix(p.Why, "ana@contoso.com may not Microsoft.Resources/subscriptions/resourcegroups/write at /subscriptions/s.") {
				t.Errorf("%q", p.Why)
			}
		}
	}
}

func TestWhatIsUnknownIsShownAsItIs(t *testing.T) {
	p := Explain("vault", errors.New("\x1b[31mflux capacitor\x1b[0m"))
	if p.ID != "unexpected" || p.Raw != "flux capacitor" || p.Class != ClassFailed || p.Retry {
		t.Errorf("%+v", p)
	}
	if p := Explain("vault", service(400, "Novelty", "", "no")); p.ID != "unexpected" || !strings.Contains(p.Title, "Azure refused") {
		t.Errorf("%+v", p)
	}
}

func TestAStepsOwnProblemStands(t *testing.T) {
	own := &Problem{ID: "topic-mismatch", Title: "Topics differ"}
	p := Explain("invariants", fmt.Errorf("check: %w", own))
	if p.ID != own.ID || p.Step != "invariants" || p.Class != ClassFailed || own.Step != "" {
		t.Errorf("%+v", p)
	}
	if Explain("", nil) != nil {
		t.Error("no error has a problem")
	}
}

func TestPatienceThatWasSpentIsNotSpentAgain(t *testing.T) {
	refusal := service(403, "Forbidden", "ForbiddenByRbac", rbacRefusal)
	if !Explain("key", refusal).Retry {
		t.Error("a role that is new is not waited for")
	}
	if Explain("key", fmt.Errorf("%w: %w", errPatience, refusal)).Retry {
		t.Error("the wait for a role begins again after it ended")
	}
}
