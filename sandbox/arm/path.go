package arm

import "context"

func withPath(ctx context.Context, p path) context.Context {
	return context.WithValue(ctx, pathKey{}, p)
}

func pathOf(ctx context.Context) path {
	p, _ := ctx.Value(pathKey{}).(path)
	return p
}
