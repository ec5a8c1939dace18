package targets

import (
	"context"
	"fmt"

	"github.com/sampan-mc/sampan/vec"
	"github.com/sampan-mc/sampan/vec/tile"
)

// TileBatch is one evaluation request on a tile, a coordinate a row and a particle a column, and its answer. What is set
// is wanted, and filled: LogP, Grad, HVP (with its directions V) and Laplacian, in any company. Log densities and
// Laplacians are float64 whatever T is. The tiles must not overlap.
//
// There are no statuses: as in a Batch that was settled, a log density of −Inf goes with zeros for the rest, and one that
// is NaN or +Inf with NaN; the lane where it stands is the particle. Without LogP, derivatives may be finite at points so
// far out that the log density overflows.
type TileBatch[T vec.Float] struct {
	X         tile.Tile[T] // d×P
	V         tile.Tile[T] // d×P, with HVP
	LogP      []float64    // P
	Grad      tile.Tile[T] // d×P: the score
	HVP       tile.Tile[T] // d×P: Hessian of the log density times V
	Laplacian []float64    // P: trace of that Hessian
}

// TileDensity evaluates a density on tiles, on the scale the density declares: what the trainers of learned samplers call
// tile after tile. It owns scratch, so that it belongs to one worker at a time; once made it allocates nothing, but for
// what the density behind it does. Every lane is computed by itself: its values do not depend on its neighbours, on its
// place or on how many there are.
type TileDensity[T vec.Float] interface {
	// Can names the quantities that Eval fills: some of LogP, Grad, HVP, Laplacian.
	Can() Want
	// Eval fills what b asks for. A bad point is a value; an error means that the call as a whole failed.
	Eval(ctx context.Context, b *TileBatch[T]) error
}

// Tiled is a Density with a form of its own for tiles of at most p particles, p ≥ 2. It agrees with Eval but for rounding.
// OnTiles finds it through wrappers, and serves every other Density too.
type Tiled interface {
	Tiles32(p int) TileDensity[float32]
	Tiles64(p int) TileDensity[float64]
}

// OnTiles returns the tile form of d for tiles of at most p particles, to be used by one worker: its own where it has one,
// else one that unpacks each tile into a Batch.
func OnTiles[T vec.Float](d Density, p int) TileDensity[T] {
	p = max(p, 2)
	if t, ok := As[Tiled](d); ok {
		var made any
		switch any(T(0)).(type) {
		case float32:
			made = t.Tiles32(p)
		default:
			made = t.Tiles64(p)
		}
		if own, ok := made.(TileDensity[T]); ok {
			return own
		}
	}
	return newUnpacked[T](d, p)
}

// HasTiles tells whether d, or what it wraps, has a tile form of its own. Where it has none, a tile costs what a Batch does: a
// message to another process and back, perhaps, for which wider tiles are better.
func HasTiles(d Density) bool {
	for {
		w, ok := As[*watched](d) // shows a tile form whatever it watches
		if !ok {
			_, ok = As[Tiled](d)
			return ok
		}
		d = w.Density
	}
}

// Want is what b asks for.
func (b *TileBatch[T]) Want() Want {
	var w Want
	if b.LogP != nil {
		w |= LogP
	}
	if !b.Grad.IsZero() {
		w |= Grad
	}
	if !b.HVP.IsZero() {
		w |= HVP
	}
	if b.Laplacian != nil {
		w |= Laplacian
	}
	return w
}

// check reports what is wrong with b as a request to a density of dimension d made for p particles.
func (b *TileBatch[T]) check(name string, d, p int, can Want) error {
	want := b.Want()
	if want == 0 || !can.Has(want) {
		return fmt.Errorf("%s: tile asks for %v, the density offers %v", name, want, can)
	}
	if b.X.Rows != d || b.X.P < 1 || b.X.P > p {
		return fmt.Errorf("%s: tile of %d×%d, accepted: %d rows of 1 to %d particles", name, b.X.Rows, b.X.P, d, p)
	}
	for _, t := range []struct {
		name string
		tile *tile.Tile[T]
		need bool
	}{{"Grad", &b.Grad, want.Has(Grad)}, {"V", &b.V, want.Has(HVP)}, {"HVP", &b.HVP, want.Has(HVP)}} {
		if t.need && (t.tile.Rows != d || t.tile.P != b.X.P) {
			return fmt.Errorf("%s: tile of %d×%d has %s of %d×%d", name, d, b.X.P, t.name, t.tile.Rows, t.tile.P)
		}
	}
	for _, c := range []struct {
		name string
		has  int
		need bool
	}{{"LogP", len(b.LogP), want.Has(LogP)}, {"Laplacian", len(b.Laplacian), want.Has(Laplacian)}} {
		if c.need && c.has != b.X.P {
			return fmt.Errorf("%s: tile of %d particles has %s of length %d", name, b.X.P, c.name, c.has)
		}
	}
	return nil
}
