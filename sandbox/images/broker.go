package images

import (
	"context"
	"errors"
	"fmt"
	"net"

	"golang.org/x/sync/errgroup"

	"github.com/cctui/cctui/sandbox/broker"
	"github.com/cctui/cctui/sandbox/pods"
)

// Ports of a Strimzi broker: 9092 for clients, 9091 for the operator and other brokers.
const (
	clientPort  = 9092
	controlPort = 9091
)

// broker is the image quay.io/strimzi/kafka. Strimzi's scripts find the advertised name in the
// broker's configuration; here it is in a variable.
func (l *library) broker(ctx context.Context, c pods.Container) error {
	if err := l.Conditions.Take(ctx, "kafka.start"); err != nil {
		return ended(ctx, err)
	}
	advertise := c.Getenv(advertisedVariable, fmt.Sprintf("%s.%s.svc:%d", c.Pod, c.Namespace, clientPort))
	b, err := broker.Start(broker.Options{Advertise: advertise, ClusterID: c.Env[clusterVariable]})
	if err != nil {
		return err
	}
	defer b.Close()
	if l.Broker != nil {
		l.Broker(b)
		defer l.Broker(nil)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, port := range []int{clientPort, controlPort} {
		listener, err := c.Network.Listen(port)
		if err != nil {
			return fmt.Errorf("listen on port %d: %w", port, err)
		}
		defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
		group.Go(func() error { return b.Serve(listener) })
	}
	_, _ = fmt.Fprintf(c.Log, "[KafkaRaftServer nodeId=0] Kafka Server started, advertised as %s\n", advertise)
	return ended(ctx, group.Wait())
}

// ended forgives what happens to a program whose container ends.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, net.ErrClosed) || errors.Is(err, context.Canceled)) {
		return nil
	}
	return err
}
