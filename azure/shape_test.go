package azure_test

import (
	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/azure"
)

// The adapter is what the walkthrough needs of Azure.
var _ actions.Azure = (*azure.Client)(nil)
