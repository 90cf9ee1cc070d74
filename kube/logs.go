package kube

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"k8s.io/client-go/rest"
)

// typicalLine is how long a log line is assumed to be, to ask for about as many as fit.
const typicalLine = 64

// Logs returns the last lines of a container's log, at most limit bytes.
func (c *Client) Logs(ctx context.Context, namespace, pod, container string, limit int64) ([]byte, error) {
	lines := strconv.FormatInt(limit/typicalLine+1, 10)
	var tail []byte
	err := persist(ctx, c.pauses, func() error {
		stream, err := c.logs(ctx, namespace, pod, container, "tailLines", lines)
		if err != nil {
			return err
		}
		defer stream.Close()
		if tail, err = readTail(stream, int(limit)); err != nil {
			return fmt.Errorf("read the log of %s/%s %s: %w", namespace, pod, container, err)
		}
		return nil
	})
	return tail, err
}

// FollowLogs streams a container's log from its beginning, until it is closed or the container ends.
func (c *Client) FollowLogs(ctx context.Context, namespace, pod, container string) (io.ReadCloser, error) {
	return c.logs(ctx, namespace, pod, container, "follow", "true")
}

// logs asks with one option beside the container: an empty container is the only one there is.
func (c *Client) logs(ctx context.Context, namespace, pod, container, option, value string) (io.ReadCloser, error) {
	stream, err := c.pods(namespace, pod, "log").Param("container", container).Param(option, value).Stream(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the log of %s/%s %s: %w", namespace, pod, container, err)
	}
	return stream, nil
}

// pods is a request for a subresource of a pod.
func (c *Client) pods(namespace, pod, subresource string) *rest.Request {
	return c.rest.Get().
		AbsPath("/api/v1/namespaces", namespace, "pods", pod, subresource)
}

// readTail reads to the end and keeps the last limit bytes, never more than twice that in memory.
func readTail(r io.Reader, limit int) ([]byte, error) {
	var tail []byte
	chunk := make([]byte, 32<<10)
	for {
		n, err := r.Read(chunk)
		tail = append(tail, chunk[:n]...)
		if over := len(tail) - limit; over > limit {
			tail = append(tail[:0], tail[over:]...)
		}
		if err == io.EOF {
			return tail[max(0, len(tail)-limit):], nil
		}
		if err != nil {
			return tail[max(0, len(tail)-limit):], err
		}
	}
}
