// Package wire is what both ends of the process boundary share: the handshake's constants, arrays of float64 as bytes,
// and the conversions between batches and descriptions on one side and messages on the other, with every length checked.
//
// docs/protocol.md tells the whole protocol. The host's end is host/plugin, the plugin's end in Go is plugins/sdk.
package wire

// The handshake is go-plugin's, gRPC flavour.
const (
	// ProtocolMajor is the protocol's version. A new major is a new proto package, served beside the old one.
	ProtocolMajor = 1
	// CookieKey and CookieValue tell a program that sampan started it. No secret: a plugin started by hand says so and
	// leaves. They never change.
	CookieKey   = "SAMPAN_PLUGIN_COOKIE"
	CookieValue = "1494ece6ba7583089f16bd1b3309527f6d76436dce962f70791a4735a345fa67"
	// WorkerKey holds the process's number among those of the same plugin, from 0.
	WorkerKey = "SAMPAN_WORKER_INDEX"
	// VersionsKey and SocketDirKey are go-plugin's: the majors the host accepts, and where the plugin makes its socket.
	VersionsKey  = "PLUGIN_PROTOCOL_VERSIONS"
	SocketDirKey = "PLUGIN_UNIX_SOCKET_DIR"

	// HealthService is the name under which a plugin reports that it serves.
	HealthService = "plugin"
	// ShutdownMethod asks a plugin to leave: an empty message in and out.
	ShutdownMethod = "/plugin.GRPCController/Shutdown"
)

const (
	// MaxMessage is the largest message either end accepts, in bytes.
	MaxMessage = 256 << 20
	// chunkBytes is how much of X a message holds if nobody asks for another number of rows, and ceilingBytes how much
	// of all arrays together one may hold at most, unless a single row is larger.
	chunkBytes   = 256 << 10
	ceilingBytes = 16 << 20
)

// Rows is the number of rows that go into one message for points of dimension d: wanted if positive, else preferred if
// positive, else as many as make 256 KiB, from 64 to 1024; never more than limit, if positive, nor than fit into 16 MiB
// with every array that a request or reply can hold. It is at least 1, and does not depend on the number of workers.
func Rows(d, wanted, preferred, limit int) int {
	rows := min(max(chunkBytes/(8*max(d, 1)), 64), 1024)
	if preferred > 0 {
		rows = preferred
	}
	if wanted > 0 {
		rows = wanted
	}
	if limit > 0 {
		rows = min(rows, limit)
	}
	return max(1, min(rows, ceilingBytes/(8*(4*d+4))))
}
