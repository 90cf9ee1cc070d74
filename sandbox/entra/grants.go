package entra

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
)

const (
	maxForm       = 64 << 10
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	deviceGrant   = "urn:ietf:params:oauth:grant-type:device_code"
)

// token is the token endpoint: who asks, for what, answered with a token or a reason.
func (d *Directory) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		refuse(w, r, errForm.with("grant_type"))
		return
	}
	answer, err := d.grant(r)
	if refused := (*refusal)(nil); errors.As(err, &refused) {
		refuse(w, r, refused)
		return
	}
	if err != nil {
		http.Error(w, "cannot sign a token", http.StatusInternalServerError)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (d *Directory) grant(r *http.Request) (map[string]any, error) {
	switch grant := r.PostForm.Get("grant_type"); grant {
	case "client_credentials":
		return d.clientCredentials(r)
	case "device_code", deviceGrant:
		return d.deviceToken(r)
	case "refresh_token":
		return d.refresh(r)
	case "":
		return nil, errForm.with("grant_type")
	default:
		return nil, errGrant.with(grant)
	}
}

// clientCredentials signs in an application by its secret, or an identity by the assertion of an issuer it is federated with.
func (d *Directory) clientCredentials(r *http.Request) (map[string]any, error) {
	audience, refused := d.audience(r.PostForm.Get("scope"))
	if refused != nil {
		return nil, refused
	}
	principal, refused := d.client(r)
	if refused != nil {
		return nil, refused
	}
	token, err := d.issue(principal, audience)
	if err != nil {
		return nil, err
	}
	return bearer(token), nil
}

// client is who asks, proven by an assertion or a secret.
// Source: learn.microsoft.com, OAuth 2.0 client credentials flow.
func (d *Directory) client(r *http.Request) (Principal, *refusal) {
	id := r.PostForm.Get("client_id")
	switch {
	case id == "":
		return Principal{}, errForm.with("client_id")
	case r.PostForm.Has("client_assertion") && r.PostForm.Get("client_assertion_type") == assertionType:
		return d.federated(r.Context(), id, r.PostForm.Get("client_assertion"))
	case r.PostForm.Has("client_secret"):
		return d.bySecret(id, r.PostForm.Get("client_secret"))
	default:
		return Principal{}, errNoProof.with()
	}
}

func (d *Directory) bySecret(id, secret string) (Principal, *refusal) {
	app := d.Application
	if !strings.EqualFold(id, app.AppID) {
		return Principal{}, errApplication.with(id)
	}
	if subtle.ConstantTimeCompare([]byte(secret), []byte(app.Secret)) != 1 {
		return Principal{}, errSecret.with(id)
	}
	return app.Principal, nil
}

func bearer(token string) map[string]any {
	seconds := int(tokenLifetime.Seconds())
	return map[string]any{
		"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token,
	}
}

// userToken is the answer to a user's grant: with an id token and a refresh token beside the access token.
func (d *Directory) userToken(s session, audience, scopes string) (map[string]any, error) {
	access, err := d.issue(s.user, audience)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	id, err := d.key.sign(map[string]any{
		"iss": d.issuer(), "aud": s.clientID, "sub": s.user.ObjectID, "oid": s.user.ObjectID, "tid": d.Tenant,
		"preferred_username": s.user.Name, "iat": jwt.NewNumericDate(now), "exp": jwt.NewNumericDate(now.Add(tokenLifetime)), "ver": "2.0",
	})
	if err != nil {
		return nil, err
	}
	info, err := json.Marshal(map[string]string{"uid": s.user.ObjectID, "utid": d.Tenant})
	if err != nil {
		return nil, err
	}
	answer := bearer(access)
	answer["id_token"] = id
	answer["client_info"] = base64.RawURLEncoding.EncodeToString(info)
	answer["refresh_token"] = d.remember(s)
	answer["scope"] = scopes
	return answer, nil
}

// session is a user who signed in with a client, and may have further tokens.
type session struct {
	user     Principal
	clientID string
}

// maxSessions bounds how many refresh tokens are good at once.
const maxSessions = 256

// remember makes a refresh token. When too many are out, all end: their users sign in again.
func (d *Directory) remember(s session) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.sessions) >= maxSessions {
		clear(d.sessions)
	}
	token := uuid.NewString()
	d.sessions[token] = s
	return token
}

// refresh gives a signed-in user a token for another resource, without asking again.
func (d *Directory) refresh(r *http.Request) (map[string]any, error) {
	d.mu.Lock()
	s, ok := d.sessions[r.PostForm.Get("refresh_token")]
	d.mu.Unlock()
	if !ok || s.clientID != r.PostForm.Get("client_id") {
		return nil, errRefresh.with()
	}
	audience, refused := d.audience(r.PostForm.Get("scope"))
	if refused != nil {
		return nil, refused
	}
	return d.userToken(s, audience, r.PostForm.Get("scope"))
}
