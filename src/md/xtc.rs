//! GROMACS' compressed trajectories (xtc): positions as integers, in units of 1/precision, packed into as few bits as they need.
//!
//! The format is that of `xdr3dfcoord` (F. van Hoesel, 1995; GROMACS' `xdrf.h`). An atom is stored either within the box of all
//! atoms, or, in runs, relative to the atom before it within a small cube whose size grows and shrinks on the way.
use super::Frame;
use super::xdr::Numbers;
use std::array::from_fn;

/// The first number of a frame; of very large systems since GROMACS 2023 the second.
const MAGICS: [i32; 2] = [1995, 2023];
/// A header with all that stands before packed positions.
pub(super) const HEADER: usize = 96;
/// Up to so many atoms are stored as plain numbers.
const PLAIN: usize = 9;
/// Edges of the small cubes: about powers of the cube root of 2, so that index k takes k bits.
#[rustfmt::skip]
const EDGES: [u32; 73] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 10, 12, 16, 20, 25, 32, 40, 50, 64, 80, 101, 128, 161, 203, 256, 322, 406, 512, 645, 812, 1024,
    1290, 1625, 2048, 2580, 3250, 4096, 5060, 6501, 8192, 10321, 13003, 16384, 20642, 26007, 32768, 41285, 52015, 65536, 82570,
    104031, 131072, 165140, 208063, 262144, 330280, 416127, 524287, 660561, 832255, 1048576, 1321122, 1664510, 2097152, 2642245,
    3329021, 4194304, 5284491, 6658042, 8388607, 10568983, 13316085, 16777216,
];
/// The first edge in use.
const FIRST: usize = 9;

/// What stands before a frame's packed positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Header {
    pub atoms: usize,
    pub time_ps: f64,
    /// Of the frame in all.
    pub bytes: usize,
}

/// The header that `bytes` begin with; none where it is of another format.
pub(super) fn header(bytes: &[u8]) -> Option<Header> {
    let mut numbers = Numbers(bytes);
    let magic = numbers.i32().filter(|magic| MAGICS.contains(magic))?;
    let atoms = numbers.count()?;
    numbers.skip(4)?;
    let time_ps = f64::from(numbers.f32()?);
    numbers.skip(36)?;
    if numbers.count()? != atoms {
        return None;
    }
    let bytes = if atoms <= PLAIN {
        56 + 12 * atoms
    } else {
        numbers.skip(32)?;
        let (packed, before) =
            if magic == MAGICS[0] { (numbers.count()?, 92) } else { (numbers.u64()?.try_into().ok()?, 96) };
        packed.checked_next_multiple_of(4)?.checked_add(before)?
    };
    Some(Header { atoms, time_ps, bytes })
}

/// Reads the first `wanted` atoms of the frame that `bytes` hold; none where it is damaged.
pub(super) fn frame(bytes: &[u8], wanted: usize, frame: &mut Frame) -> Option<()> {
    let mut numbers = Numbers(bytes);
    let is_large = numbers.i32()? == MAGICS[1];
    let atoms = numbers.count()?;
    numbers.skip(4)?;
    frame.time_ps = Some(f64::from(numbers.f32()?));
    let mut cell = [[0.0; 3]; 3];
    for x in cell.as_flattened_mut() {
        *x = f64::from(numbers.f32()?);
    }
    frame.cell = (cell[0][0] * cell[1][1] * cell[2][2] != 0.0).then_some(cell);
    numbers.skip(4)?;
    frame.positions.clear();
    frame.positions.reserve(atoms.min(wanted));
    if atoms <= PLAIN {
        for _ in 0..atoms.min(wanted) {
            frame.positions.push([numbers.f32()?, numbers.f32()?, numbers.f32()?]);
        }
        return Some(());
    }
    let packing = Packing::read(&mut numbers)?;
    let length = if is_large { numbers.u64()?.try_into().ok()? } else { numbers.count()? };
    packing.unpack(numbers.0.get(..length)?, atoms.min(wanted), &mut frame.positions)
}

/// How positions of a frame are packed.
struct Packing {
    step: f32,
    least: [i32; 3],
    /// Edges of the box of all atoms.
    edges: [u32; 3],
    index: usize,
}

impl Packing {
    fn read(numbers: &mut Numbers) -> Option<Self> {
        let step = 1.0 / numbers.f32().filter(|precision| *precision > 0.0)?;
        let least = [numbers.i32()?, numbers.i32()?, numbers.i32()?];
        let most = [numbers.i32()?, numbers.i32()?, numbers.i32()?];
        let mut edges = [0; 3];
        for axis in 0..3 {
            edges[axis] =
                u32::try_from(i64::from(most[axis]) - i64::from(least[axis]) + 1).ok().filter(|edge| *edge > 0)?;
        }
        let index = numbers.count().filter(|index| (FIRST..EDGES.len()).contains(index))?;
        Some(Self { step, least, edges, index })
    }

    fn unpack(&self, packed: &[u8], wanted: usize, positions: &mut Vec<[f32; 3]>) -> Option<()> {
        let mut bits = Bits { bytes: packed, at: 0 };
        let full = Cube::full(self.edges);
        let mut index = self.index;
        let mut small = &SMALL[index];
        let mut put = |place: [i32; 3]| positions.push(place.map(|x| x as f32 * self.step));
        let (mut run, mut done) = (0, 0);
        while done < wanted {
            let place = full.take(&mut bits)?;
            let mut previous: [i32; 3] = from_fn(|axis| place[axis].wrapping_add(self.least[axis]));
            let mut change = 0;
            if bits.take(1)? == 1 {
                let code = bits.take(5)? as usize;
                change = code as isize % 3 - 1;
                run = code / 3;
            }
            if run == 0 {
                put(previous);
                done += 1;
            }
            for k in 0..run {
                let offset = small.take(&mut bits)?;
                let half = (EDGES[index] / 2) as i32;
                let place: [i32; 3] = from_fn(|axis| previous[axis].wrapping_add(offset[axis] - half));
                put(place);
                done += 1;
                // The first two atoms are exchanged: of water the oxygen is then nearest to both hydrogens.
                if k == 0 && done < wanted {
                    put(previous);
                    done += 1;
                }
                if done == wanted {
                    return Some(());
                }
                previous = place;
            }
            if change != 0 {
                index = index.checked_add_signed(change).filter(|index| (FIRST..EDGES.len()).contains(index))?;
                small = &SMALL[index];
            }
        }
        Some(())
    }
}

/// The cubes of all edges in use.
static SMALL: [Cube; EDGES.len()] = {
    let mut cubes = [Cube::new([2; 3], 3); EDGES.len()];
    let mut index = FIRST;
    while index < EDGES.len() {
        cubes[index] = Cube::new([EDGES[index]; 3], index as u32);
        index += 1;
    }
    cubes
};

/// A box of integers, places in which are packed into one number: x (y edge) (z edge) + y (z edge) + z.
#[derive(Clone, Copy)]
struct Cube {
    edges: [u32; 3],
    /// Of a packed place; 0 where the box is too large and coordinates stand one by one.
    bits: u32,
    /// 2^64 divided by the area of a layer and by the length of a row, rounded up, so that a product takes the place of a
    /// division; none where that could differ.
    inverses: Option<[u64; 2]>,
}

impl Cube {
    const fn new(edges: [u32; 3], bits: u32) -> Self {
        let area = edges[1] as u64 * edges[2] as u64;
        let row = edges[2] as u64;
        // With M = ceil(2^64/d), v M >> 64 is v / d for every v < 2^64 / (d M - 2^64), and that difference is below d.
        let is_exact = bits > 0 && row > 1 && bits + (64 - area.leading_zeros()) <= 64;
        let inverses = if is_exact { Some([u64::MAX / area + 1, u64::MAX / row + 1]) } else { None };
        Self { edges, bits, inverses }
    }

    /// The box of all atoms.
    fn full(edges: [u32; 3]) -> Self {
        let volume: u128 = edges.iter().map(|&edge| u128::from(edge)).product();
        let is_large = edges.iter().any(|&edge| edge > 0xff_ffff);
        Self::new(edges, if is_large { 0 } else { 128 - volume.leading_zeros() })
    }

    /// The next place.
    #[inline(always)]
    fn take(&self, bits: &mut Bits) -> Option<[i32; 3]> {
        let row = u64::from(self.edges[2]);
        if let Some([layers, rows]) = self.inverses {
            let packed = bits.take_bytes(self.bits)?;
            let high = |x: u64, inverse: u64| ((u128::from(x) * u128::from(inverse)) >> 64) as u64;
            let x = high(packed, layers);
            let rest = packed - x * u64::from(self.edges[1]) * row;
            let y = high(rest, rows);
            return Some([x as i32, y as i32, (rest - y * row) as i32]);
        }
        if (1..=64).contains(&self.bits) {
            let packed = bits.take_bytes(self.bits)?;
            let (layer, row) = (u64::from(self.edges[1]) * row, row);
            return Some([(packed / layer) as i32, (packed % layer / row) as i32, (packed % row) as i32]);
        }
        self.take_slowly(bits)
    }

    #[cold]
    fn take_slowly(&self, bits: &mut Bits) -> Option<[i32; 3]> {
        if self.bits == 0 {
            let [x, y, z] = self.edges.map(|edge| 32 - edge.leading_zeros());
            return Some([bits.take(x)? as i32, bits.take(y)? as i32, bits.take(z)? as i32]);
        }
        let low = u128::from(bits.take_bytes(64)?);
        let packed = low | u128::from(bits.take_bytes(self.bits - 64)?) << 64;
        let (area, row) = (u128::from(self.edges[1]) * u128::from(self.edges[2]), u128::from(self.edges[2]));
        Some([(packed / area) as i32, (packed % area / row) as i32, (packed % row) as i32])
    }
}

/// Bits of a text of bytes, the highest of each byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    /// Bits taken so far.
    at: usize,
}

impl Bits<'_> {
    /// The next 64 bits from a byte on, zeros behind the end.
    #[inline(always)]
    fn word(&self, byte: usize) -> u64 {
        if let Some(bytes) = self.bytes.get(byte..byte + 8) {
            return u64::from_be_bytes(bytes.try_into().unwrap_or_default());
        }
        let mut last = [0; 8];
        if let Some(rest) = self.bytes.get(byte..) {
            last[..rest.len()].copy_from_slice(rest);
        }
        u64::from_be_bytes(last)
    }

    /// The next 57 bits at most as one number; none behind the end.
    #[inline(always)]
    fn take(&mut self, count: u32) -> Option<u64> {
        let value =
            (self.word(self.at / 8) << (self.at % 8)) >> (63 - count.saturating_sub(1)) >> u32::from(count == 0);
        self.at += count as usize;
        (self.at <= 8 * self.bytes.len()).then_some(value)
    }

    /// The next 64 bits at most as a number whose lowest byte comes first.
    #[inline(always)]
    fn take_bytes(&mut self, count: u32) -> Option<u64> {
        let (shift, byte) = ((self.at % 8) as u32, self.at / 8);
        let mut word = self.word(byte) << shift;
        if shift > 0 {
            word |= u64::from(self.bytes.get(byte + 8).copied().unwrap_or(0)) >> (8 - shift);
        }
        self.at += count as usize;
        // Whole bytes come lowest first, and what is left of the last one is the highest.
        let whole = count / 8 * 8;
        let low = word.swap_bytes() & (u64::MAX >> (64 - whole.max(1)) >> u32::from(whole == 0));
        let left = count - whole;
        let high = if left == 0 { 0 } else { (word << whole >> (64 - left)) << whole };
        (self.at <= 8 * self.bytes.len()).then_some(low | high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_with_inverses_are_quotients() {
        for (edges, bits) in
            [([3001, 2999, 3003], 35), ([8; 3], 9), ([1290; 3], 31), ([16_777_216; 3], 72), ([5, 1, 7], 6)]
        {
            let cube = Cube::new(edges, bits);
            for packed in (0..1000_u64).map(|k| k.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - bits.min(64) + 1)) {
                // A whole number of bytes, then what is left in the high bits of the next.
                let mut text = packed.to_le_bytes().to_vec();
                let whole = (bits / 8) as usize;
                if bits % 8 > 0 && whole < 8 {
                    text[whole] <<= 8 - bits % 8;
                }
                text.extend([0; 8]);
                let area = u64::from(edges[1]) * u64::from(edges[2]);
                let expected = [packed / area, packed % area / u64::from(edges[2]), packed % u64::from(edges[2])];
                assert_eq!(cube.take(&mut Bits { bytes: &text, at: 0 }), Some(expected.map(|x| x as i32)));
            }
        }
    }

    #[test]
    fn bits_are_taken_from_any_place() {
        let bytes = [0b1011_0010, 0b0111_1000, 0xff];
        let mut bits = Bits { bytes: &bytes, at: 0 };
        assert_eq!(
            [bits.take(1), bits.take(0), bits.take(5), bits.take(7)],
            [Some(1), Some(0), Some(12), Some(0b1001111)]
        );
        assert_eq!((bits.take(11), bits.take(1)), (Some(0x0ff), None));
        assert_eq!(Bits { bytes: &bytes, at: 4 }.take_bytes(12), Some(0x27 | 0x8 << 8));
    }
}
