package actions

import (
	"testing"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/skr"
)

func TestThePageIsJudgedByItsTextNotItsHeading(t *testing.T) {
	for name, c := range map[string]struct {
		page []byte
		want pageState
	}{
		"decrypted":      {page("Encrypted", "Msg 7: Ola, mundo"), pageState{pageDecrypted, "Msg 7: Ola, mundo"}},
		"escaped":        {page("Encrypted", "Msg 7: a &lt;b&gt; &#39;c&#39;"), pageState{pageDecrypted, "Msg 7: a <b> 'c'"}},
		"spaces":         {page("Encrypted", "Msg 7:  Ola,  mundo "), pageState{pageDecrypted, "Msg 7:  Ola,  mundo "}},
		"ciphertext":     {page("Unencrypted", ciphertext()), pageState{pageCiphertext, ciphertext()}},
		"misheaded":      {page("Encrypted", ciphertext()), pageState{pageCiphertext, ciphertext()}},
		"timeout":        {page("Encrypted", "Timeout waiting to read data from Kafka.  Please refresh the page to try again."), pageState{pageTimeout, "Timeout waiting to read data from Kafka.  Please refresh the page to try again."}},
		"wrong key":      {page("Encrypted", ""), pageState{pageUnreadable, ""}},
		"short base64":   {page("Unencrypted", "AAAA"), pageState{pageUnknown, "AAAA"}},
		"something else": {[]byte("<html>502 Bad Gateway</html>"), pageState{pageUnknown, "502 Bad Gateway"}},
		"nothing":        {nil, pageState{}},
	} {
		if got := judgePage(c.page); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func FuzzAnyPageIsJudged(f *testing.F) {
	f.Add(page("Encrypted", "Msg 1: x"))
	f.Add([]byte("<code>"))
	f.Add([]byte("<code></code><"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s := judgePage(data); s.kind == pageCiphertext && len(s.text) != 512 {
			t.Errorf("%q is no block", s.text)
		}
	})
}

func TestTheConsumersLastWordIsFound(t *testing.T) {
	const before = "2026/11/23 12:00:00 Consumer group handler setup\n2026/11/23 12:00:01 not able to retrieve key: "
	for name, c := range map[string]struct{ log, want string }{
		"refused":       {before + `unable to retrieve key from SKR.  Response Code 403.  Message {"error":"AADSTS700213: no"}`, "AADSTS700213: no"},
		"two answers":   {before + `unable to retrieve key from SKR.  Response Code 403.  Message {"error":"first"}{"token":""}`, "first"},
		"unreached":     {before + `Post "http://localhost:8080/key/release": connection refused` + "\nlater", `Post "http://localhost:8080/key/release": connection refused`},
		"last counts":   {before + "one\n" + before + "two\n", "two"},
		"not a failure": {"Message received: value=x", ""},
	} {
		if got, _ := keyFailure(c.log); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestVersionsAreComparedAsNumbers(t *testing.T) {
	for _, c := range []struct {
		version, least string
		older          bool
	}{
		{"2.9.0", "2.44.1", true}, {"2.44.1", "2.44.1", false}, {"2.80.0", "2.44.1", false},
		{"18.0.0b40", "0.5.169", false}, {"0.5.168", "0.5.169", true}, {"", "0.3.3", true}, {"1.25", "1.25.0", true}, {"1.31.2", "1.25.0", false},
	} {
		if older(c.version, c.least) != c.older {
			t.Errorf("older(%q, %q) is %v", c.version, c.least, !c.older)
		}
	}
}

func TestOneRolesExceptionsDoNotBindAnother(t *testing.T) {
	contributor := azure.Permissions{Actions: []string{"*"}, NotActions: []string{"Microsoft.Authorization/*/Write", "Microsoft.Authorization/*/Delete"}}
	administrator := azure.Permissions{Actions: []string{"*/read", "Microsoft.Authorization/*"}}
	reader := azure.Permissions{Actions: []string{"*/read"}}
	for _, c := range []struct {
		name  string
		roles []azure.Permissions
		want  bool
	}{
		{"contributor", []azure.Permissions{contributor}, false},
		{"administrator", []azure.Permissions{administrator}, true},
		{"both", []azure.Permissions{contributor, administrator}, true},
		{"reader", []azure.Permissions{reader}, false},
		{"nobody", nil, false},
	} {
		if got := allows(c.roles, writeRoleAssignments); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestAStoredPolicyIsCheckedForTooMuchAndTooLittle(t *testing.T) {
	wanted := keyPolicy(KataCC(), "https://maa.example", "5c1e")
	for name, c := range map[string]struct {
		stored skr.ReleasePolicy
		id     string
	}{
		"same":            {wanted.policy, ""},
		"authority":       {keyPolicy(KataCC(), "https://other.example", "5c1e").policy, "wrong-authority"},
		"measurement":     {keyPolicy(KataCC(), "https://maa.example", "beef").policy, "policy-drift"},
		"one claim fewer": {skr.NewReleasePolicy("https://maa.example", wanted.conditions[1:]...), "release-policy"},
		"one claim more":  {skr.NewReleasePolicy("https://maa.example", append(wanted.conditions, skr.Equals("x", "y"))...), "release-policy"},
	} {
		data, err := c.stored.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if got := problemOf(wanted.check(data)).ID; got != c.id {
			t.Errorf("%s: %q, want %q", name, got, c.id)
		}
	}
	const asVaultsWriteIt = `{"anyOf":[{"allOf":[{"claim":"x-ms-attestation-type","equals":"sevsnpvm"},{"claim":"x-ms-compliance-status","equals":"azure-signed-katacc-uvm"},` +
		`{"claim":"x-ms-sevsnpvm-hostdata","equals":"5c1e"},{"claim":"x-ms-sevsnpvm-is-debuggable","equals":"false"}],"authority":"https://maa.example/"}],"version":"1.0"}`
	if err := wanted.check([]byte(asVaultsWriteIt)); err != nil {
		t.Errorf("the same, written otherwise: %v", err)
	}
	if got := problemOf(wanted.check([]byte("{"))).ID; got != "release-policy" {
		t.Errorf("not a policy: %q", got)
	}
}

func TestARoleAssignmentIsAlwaysNamedTheSame(t *testing.T) {
	one, same := assignmentName("/Scope", "role", "oid"), assignmentName("/scope", "role", "oid")
	if one != same || one == assignmentName("/scope", "role", "other") {
		t.Errorf("%s, %s", one, same)
	}
}

func TestAnEndpointIsReducedToItsHost(t *testing.T) {
	for endpoint, want := range map[string]string{
		"sharedeus.eus.attest.azure.net": "sharedeus.eus.attest.azure.net", "https://a.b/": "a.b", "https://a.b:8443/x": "a.b:8443",
	} {
		if got := attestationHost(endpoint); got != want {
			t.Errorf("%s: %s, want %s", endpoint, got, want)
		}
	}
}
