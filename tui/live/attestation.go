package live

import (
	"fmt"

	"github.com/cctui/cctui/actions"
)

// claimHostData is what the hardware says of the pod's security policy.
// Source: learn.microsoft.com, Azure Attestation claim sets.
const claimHostData = "x-ms-sevsnpvm-hostdata"

// attestationLine tells how far the confidential consumer came on its way to the key.
func (m *Model) attestationLine(width int) string {
	return fit(m.Style.Strong.Render("attestation")+joinWhole(m.proof(), "  ", width-len("attestation")), width)
}

// proof are the stages: report, token, policy, key. What explains them stands last: it is the first
// to go where there is little room.
func (m *Model) proof() []string {
	a := m.attestation
	if a == nil {
		return []string{m.Style.Muted.Render("nothing yet: nobody has asked for the key")}
	}
	if a.Asking {
		return []string{m.Style.Warn.Render("? asking again …"), m.Style.Muted.Render("no evidence of the new pod yet")}
	}
	stages := []string{m.stageOf("report", a.Attested), m.stageOf("token", a.Attested)}
	met, all, first := claims(a.Reason)
	if all > 0 {
		stages = append(stages, m.stageOf(fmt.Sprintf("policy %d/%d claims", met, all), met == all))
	}
	if a.Released {
		stages = append(stages, m.stageOf("key released", true))
	} else {
		stages = append(stages, m.stageOf("key refused", false))
	}
	if first != "" {
		stages = append(stages, m.Style.Bad.Render(first))
	}
	return append(stages, m.because(a))
}

func (m *Model) stageOf(name string, ok bool) string {
	if ok {
		return m.Style.Good.Render(name + " ✓")
	}
	return m.Style.Bad.Render(name + " ✗")
}

// claims counts those that the release policy accepts, and names the first that it does not.
func claims(a *actions.Attestation) (met, all int, refused string) {
	if a == nil {
		return 0, 0, ""
	}
	for _, c := range a.Checks {
		switch {
		case c.OK:
			met++
		case refused == "":
			refused = oneLine(c.Claim, maxCell)
		}
	}
	return met, len(a.Checks), refused
}

// because is the hash that decided, or the problem.
func (m *Model) because(a *actions.LiveAttestation) string {
	if a.Problem != nil {
		return oneLine(a.Problem.Title, maxCell)
	}
	if a.Reason == nil {
		return ""
	}
	hash, _ := a.Reason.Claims[claimHostData].(string)
	if len(hash) < 8 {
		return ""
	}
	return m.Style.Muted.Render("hostdata " + oneLine(hash[:8], maxCell) + "… = policy")
}
