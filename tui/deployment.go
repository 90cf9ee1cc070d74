package tui

import "github.com/cctui/cctui/actions"

// deployment is the screen of Kafka and the pods, and of the proof.
func deployment() screen {
	return screen{
		id: actions.ScreenDeployment, title: "Deployment",
		about: "Kafka, a producer that encrypts, a confidential consumer that can read, and an ordinary one beside it that cannot.",
		fields: []field{
			{key: "topic", label: "topic", help: "Kafka topic.",
				at: func(in *actions.Inputs) any { return &in.Topic }},
			{key: "message", label: "message", help: "What the producer says, encrypted. The key takes so much and no more.",
				at: func(in *actions.Inputs) any { return &in.Message }},
			{key: "expose", label: "expose", help: "Who can reach the page with the decrypted text: cluster, internal, or public, which is plain HTTP for everybody.",
				choices: []string{actions.ExposeCluster, actions.ExposeInternal, actions.ExposePublic}, at: func(in *actions.Inputs) any { return &in.Expose }},
			{key: "consumer-image", label: "consumer image", help: "With a tag or digest: the security policy holds for one content only.",
				at: func(in *actions.Inputs) any { return &in.ConsumerImage }},
			{key: "producer-image", label: "producer image", help: "With a tag or digest.",
				at: func(in *actions.Inputs) any { return &in.ProducerImage }},
			{key: "sidecar-image", label: "sidecar image", help: "Secure key release sidecar. Empty: the one this program was made with.",
				at: func(in *actions.Inputs) any { return &in.SidecarImage }},
			{key: "keep-for", label: "remind after", help: "Be reminded to clean up after this long, e.g. 4h. Empty: not at all.",
				at: func(in *actions.Inputs) any { return &in.KeepFor }},
		},
		findings: []finding{
			{"kafka", "bootstrap", func(o actions.Outputs) string { return o.BootstrapServer }},
			{"kafka", "broker", func(o actions.Outputs) string { return o.BrokerPod }},
			{"consumer", "address", func(o actions.Outputs) string { return o.Address }},
			{"message", "message", func(o actions.Outputs) string { return o.Message }},
			{"contrast", "ciphertext", func(o actions.Outputs) string { return o.Ciphertext }},
		},
	}
}
