package arm

import (
	"errors"
	"fmt"
	"net/http"
)

// fault is a refusal with Resource Manager's body: {"error": {"code", "message"}}.
type fault struct {
	status        int
	code, message string
}

func (f *fault) Error() string { return f.code + ": " + f.message }

// Source: github.com/microsoft/api-guidelines, Azure, error responses.
func (f *fault) body() map[string]any {
	return map[string]any{"error": map[string]any{"code": f.code, "message": f.message}}
}

func refuse(status int, code, format string, args ...any) *fault {
	return &fault{status, code, fmt.Sprintf(format, args...)}
}

func badRequest(code, format string, args ...any) *fault {
	return refuse(http.StatusBadRequest, code, format, args...)
}

func conflict(code, format string, args ...any) *fault {
	return refuse(http.StatusConflict, code, format, args...)
}

func notFound(code, format string, args ...any) *fault {
	return refuse(http.StatusNotFound, code, format, args...)
}

func resourceNotFound(kind, name, group string) *fault {
	return notFound("ResourceNotFound", "The Resource '%s/%s' under resource group '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", kind, name, group)
}

// isCode tells which refusal an error is.
func isCode(err error, code string) bool {
	f := (*fault)(nil)
	return errors.As(err, &f) && f.code == code
}
