package contract_test

import (
	"context"
	"net"
	"testing"

	"github.com/cctui/cctui/kafka"
	"github.com/cctui/cctui/kafka/contract"
	"github.com/cctui/cctui/sandbox/broker"
)

func TestSandboxBrokerKeepsThePromises(t *testing.T) {
	b, err := broker.Start(broker.Options{Advertise: "broker.kafka.svc:9092"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	dial := func(context.Context, string, string) (net.Conn, error) { return b.Dial() }
	contract.Run(t, kafka.Config{BootstrapServer: "bootstrap:9092", Dial: dial})
}
