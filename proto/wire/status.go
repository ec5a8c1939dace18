package wire

import (
	"unsafe"

	"github.com/sampan-mc/sampan/targets"
)

// statuses views bytes as the statuses they are: both are one byte, with the same values.
func statuses(b []byte) []targets.Status {
	if len(b) == 0 {
		return []targets.Status{}
	}
	return unsafe.Slice((*targets.Status)(unsafe.Pointer(&b[0])), len(b))
}

// bytesOf is the other way round.
func bytesOf(s []targets.Status) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s))
}
