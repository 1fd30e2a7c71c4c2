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
    pub step: i64,
    pub time_ps: f64,
    /// Of the frame in all.
    pub bytes: usize,
}

/// The header that `bytes` begin with; none where it is of another format.
pub(super) fn header(bytes: &[u8]) -> Option<Header> {
    let mut numbers = Numbers(bytes);
    let magic = numbers.i32().filter(|magic| MAGICS.contains(magic))?;
    let atoms = numbers.count()?;
    let step = numbers.i32()?.into();
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
    Some(Header { atoms, step, time_ps, bytes })
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
    if atoms <= PLAIN {
        frame.positions.clear();
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

    /// Atoms come in groups: one within the box of all, then a run of others, each relative to the one before it.
    fn unpack(&self, packed: &[u8], wanted: usize, positions: &mut Vec<[f32; 3]>) -> Option<()> {
        let mut bits = Bits { bytes: packed, at: 0 };
        let full = Cube::full(self.edges);
        // A group may end behind the last atom that is wanted. Until all are there, the integers stand in place of numbers.
        positions.resize(wanted + 1 + LONGEST_RUN, [0.0; 3]);
        let mut put = |atom: usize, place: [i32; 3]| positions[atom] = place.map(|x| f32::from_bits(x as u32));
        let (mut index, mut run, mut done) = (self.index, 0, 0);
        while done < wanted {
            let place = full.take(&mut bits);
            let mut place: [i32; 3] = from_fn(|axis| place[axis].wrapping_add(self.least[axis]));
            let turn = bits.turn();
            run = if turn.is_new { turn.run } else { run };
            // The first two atoms are exchanged: of water the oxygen is then nearest to both hydrogens.
            put(done + usize::from(run > 0), place);
            let (small, half) = (&SMALL[index], (EDGES[index] / 2) as i32);
            for k in 0..run {
                let offset = small.take(&mut bits);
                place = from_fn(|axis| place[axis].wrapping_add(offset[axis] - half));
                put(if k == 0 { done } else { done + k + 1 }, place);
            }
            done += 1 + run;
            index = index.checked_add_signed(turn.change).filter(|index| (FIRST..EDGES.len()).contains(index))?;
            if bits.is_behind_end() {
                return None;
            }
        }
        positions.truncate(wanted);
        for position in positions {
            *position = position.map(|x| x.to_bits() as i32 as f32 * self.step);
        }
        Some(())
    }
}

/// The most atoms of a run: three times that, and the change of the cube, stand in five bits.
const LONGEST_RUN: usize = 10;

/// What stands behind the first atom of a group: one bit, or six that begin with a one.
#[derive(Clone, Copy)]
struct Turn {
    bits: usize,
    /// Else the run is as long as the one before it.
    is_new: bool,
    run: usize,
    /// Of the index of the cube, for the next group.
    change: isize,
}

/// For each six bits. A table takes the place of branches, which are as good as random here and would be mispredicted.
static TURNS: [Turn; 64] = {
    let mut turns = [Turn { bits: 1, is_new: false, run: 0, change: 0 }; 64];
    let mut code = 0;
    while code < 32 {
        turns[32 + code] = Turn { bits: 6, is_new: true, run: code / 3, change: code as isize % 3 - 1 };
        code += 1;
    }
    turns
};

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
    /// Of a layer.
    area: u64,
    /// Of a packed place; none where the box is too large and coordinates stand one by one.
    width: Option<Width>,
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
        Self { edges, area, width: if bits > 0 { Some(Width::new(bits)) } else { None }, inverses }
    }

    /// The box of all atoms.
    fn full(edges: [u32; 3]) -> Self {
        let volume: u128 = edges.iter().map(|&edge| u128::from(edge)).product();
        let is_large = edges.iter().any(|&edge| edge > 0xff_ffff);
        Self::new(edges, if is_large { 0 } else { 128 - volume.leading_zeros() })
    }

    /// The next place.
    #[inline(always)]
    fn take(&self, bits: &mut Bits) -> [i32; 3] {
        let row = u64::from(self.edges[2]);
        match (self.width, self.inverses) {
            (Some(width), Some([layers, rows])) => {
                let packed = bits.take_bytes(width);
                let high = |x: u64, inverse: u64| ((u128::from(x) * u128::from(inverse)) >> 64) as u64;
                let x = high(packed, layers);
                let rest = packed - x * self.area;
                let y = high(rest, rows);
                [x as i32, y as i32, (rest - y * row) as i32]
            }
            (Some(width), None) if width.bits <= 64 => {
                let packed = bits.take_bytes(width);
                [(packed / self.area) as i32, (packed % self.area / row) as i32, (packed % row) as i32]
            }
            _ => self.take_slowly(bits),
        }
    }

    #[cold]
    fn take_slowly(&self, bits: &mut Bits) -> [i32; 3] {
        let Some(Width { bits: width, .. }) = self.width else {
            return self.edges.map(|edge| bits.take(32 - edge.leading_zeros()) as i32);
        };
        let low = u128::from(bits.take_bytes(Width::new(64)));
        let packed = low | u128::from(bits.take_bytes(Width::new(width - 64))) << 64;
        let (area, row) = (u128::from(self.area), u128::from(self.edges[2]));
        [(packed / area) as i32, (packed % area / row) as i32, (packed % row) as i32]
    }
}

/// How wide a number is: its bytes come lowest first, and of the last one, which is the highest, only the bits that are needed.
#[derive(Clone, Copy)]
struct Width {
    bits: u32,
    /// In the bytes before the last one.
    before: u32,
    /// Ones in their place.
    mask: u64,
}

impl Width {
    const fn new(bits: u32) -> Self {
        let before = (bits - 1) / 8 * 8;
        Self { bits, before, mask: if before < 64 { (1 << before) - 1 } else { u64::MAX } }
    }
}

/// Bits of a text of bytes, the highest of each byte first; zeros behind its end.
struct Bits<'a> {
    bytes: &'a [u8],
    /// Bits taken so far.
    at: usize,
}

impl Bits<'_> {
    fn is_behind_end(&self) -> bool {
        self.at > 8 * self.bytes.len()
    }

    /// The next 64 bits from a byte on.
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

    /// The next 1 to 57 bits as one number.
    #[inline(always)]
    fn take(&mut self, count: u32) -> u64 {
        let value = (self.word(self.at / 8) << (self.at % 8)) >> (64 - count);
        self.at += count as usize;
        value
    }

    #[inline(always)]
    fn turn(&mut self) -> &'static Turn {
        let turn = &TURNS[(self.word(self.at / 8) << (self.at % 8) >> 58) as usize];
        self.at += turn.bits;
        turn
    }

    /// The next 64 bits at most as a number whose lowest byte comes first.
    #[inline(always)]
    fn take_bytes(&mut self, width: Width) -> u64 {
        let (shift, byte) = (self.at % 8, self.at / 8);
        let mut word = self.word(byte) << shift;
        if width.bits > 57 {
            word |= u64::from(self.bytes.get(byte + 8).copied().unwrap_or(0)) >> (8 - shift);
        }
        self.at += width.bits as usize;
        let high = word << width.before >> (64 - (width.bits - width.before));
        (word.swap_bytes() & width.mask) | high << width.before
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
                assert_eq!(cube.take(&mut Bits { bytes: &text, at: 0 }), expected.map(|x| x as i32));
            }
        }
    }

    #[test]
    fn bits_are_taken_from_any_place() {
        let bytes = [0b1011_0010, 0b0111_1000, 0xff];
        let mut bits = Bits { bytes: &bytes, at: 0 };
        assert_eq!([bits.take(1), bits.take(5), bits.take(7)], [1, 12, 0b1001111]);
        assert!(bits.take(11) == 0x0ff && !bits.is_behind_end());
        assert!(bits.take(1) == 0 && bits.is_behind_end());
        assert_eq!(Bits { bytes: &bytes, at: 4 }.take_bytes(Width::new(12)), 0x27 | 0x8 << 8);
    }

    #[test]
    fn numbers_of_any_width_are_taken_lowest_byte_first() {
        let bytes: [u8; 12] = from_fn(|k| (k as u8 + 1).wrapping_mul(0x9d));
        for at in 0..24 {
            for width in 1..=64 {
                // Bit by bit: whole bytes, then what is left as one number.
                let mut bits = Bits { bytes: &bytes, at };
                let expected = (0..width).step_by(8).fold(0, |sum, low| sum | bits.take(8.min(width - low)) << low);
                assert_eq!(Bits { bytes: &bytes, at }.take_bytes(Width::new(width)), expected, "{width} from {at}");
            }
        }
    }
}
