//! How are frames of .xtc files unpacked?
//!
//! GROMACS' compressed trajectories store positions as integers in units of 1/precision, packed into as few bits as they need. The format
//! is that of `xdr3dfcoord` (F. van Hoesel, 1995; GROMACS' `xdrf.h`). An atom is stored either within the bounding box of all atoms or,
//! in runs, relative to the atom before it within a small cube whose size adapts from group to group.
use super::xdr::{BinaryFrame, XdrReader};
use super::{Frame, with_volume};
use std::array::from_fn;

/// The first number of a frame; the second one is for very large systems, since GROMACS 2023.
const MAGICS: [i32; 2] = [1995, 2023];
/// Size of everything before the packed positions.
pub(super) const HEADER_BYTES: usize = 96;
/// Up to this number of atoms positions are stored unpacked.
const MAX_UNPACKED: usize = 9;
/// Edges of the small cubes: about powers of the cube root of 2, so that a position in cube k takes k bits.
#[rustfmt::skip]
const CUBE_EDGES: [u32; 73] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 10, 12, 16, 20, 25, 32, 40, 50, 64, 80, 101, 128, 161, 203, 256, 322, 406, 512, 645, 812, 1024,
    1290, 1625, 2048, 2580, 3250, 4096, 5060, 6501, 8192, 10321, 13003, 16384, 20642, 26007, 32768, 41285, 52015, 65536, 82570,
    104031, 131072, 165140, 208063, 262144, 330280, 416127, 524287, 660561, 832255, 1048576, 1321122, 1664510, 2097152, 2642245,
    3329021, 4194304, 5284491, 6658042, 8388607, 10568983, 13316085, 16777216,
];
/// Index of the smallest cube in use.
const SMALLEST_CUBE: usize = 9;

/// The header that `bytes` begin with; none where they have another format.
pub(super) fn header(bytes: &[u8]) -> Option<BinaryFrame> {
    let mut xdr = XdrReader(bytes);
    let magic = xdr.i32().filter(|magic| MAGICS.contains(magic))?;
    let atoms = xdr.count()?;
    let step = xdr.i32()?.into();
    let time_ps = f64::from(xdr.f32()?);
    xdr.skip(36)?;
    if xdr.count()? != atoms {
        return None;
    }
    let bytes = if atoms <= MAX_UNPACKED {
        56 + 12 * atoms
    } else {
        xdr.skip(32)?;
        let (packed, before) = if magic == MAGICS[0] { (xdr.count()?, 92) } else { (xdr.u64()?.try_into().ok()?, 96) };
        packed.checked_next_multiple_of(4)?.checked_add(before)?
    };
    Some(BinaryFrame { atoms, time_ps, step, bytes, has_positions: true })
}

/// Reads the first `wanted` positions of the frame in `bytes`; none where it is damaged.
pub(super) fn frame(bytes: &[u8], wanted: usize, frame: &mut Frame) -> Option<()> {
    let mut xdr = XdrReader(bytes);
    let is_large = xdr.i32()? == MAGICS[1];
    let atoms = xdr.count()?;
    xdr.skip(4)?;
    frame.time_ps = Some(f64::from(xdr.f32()?));
    let mut cell = [[0.0; 3]; 3];
    for x in cell.as_flattened_mut() {
        *x = f64::from(xdr.f32()?);
    }
    frame.cell = with_volume(cell);
    xdr.skip(4)?;
    if atoms <= MAX_UNPACKED {
        frame.positions.clear();
        for _ in 0..atoms.min(wanted) {
            frame.positions.push([xdr.f32()?, xdr.f32()?, xdr.f32()?]);
        }
        return Some(());
    }
    let packing = Packing::read(&mut xdr)?;
    let length = if is_large { xdr.u64()?.try_into().ok()? } else { xdr.count()? };
    packing.unpack(xdr.0.get(..length)?, atoms.min(wanted), &mut frame.positions)
}

/// How the positions of a frame are packed.
struct Packing {
    /// Distance of neighbouring integers, nm.
    step: f32,
    /// Lower corner of the bounding box of all atoms.
    lower: [i32; 3],
    /// Its edges.
    edges: [u32; 3],
    /// Index of the small cube of the first group.
    cube: usize,
}

impl Packing {
    fn read(xdr: &mut XdrReader) -> Option<Self> {
        let step = 1.0 / xdr.f32().filter(|precision| *precision > 0.0)?;
        let lower = [xdr.i32()?, xdr.i32()?, xdr.i32()?];
        let upper = [xdr.i32()?, xdr.i32()?, xdr.i32()?];
        let mut edges = [0; 3];
        for axis in 0..3 {
            edges[axis] =
                u32::try_from(i64::from(upper[axis]) - i64::from(lower[axis]) + 1).ok().filter(|edge| *edge > 0)?;
        }
        let cube = xdr.count().filter(|cube| (SMALLEST_CUBE..CUBE_EDGES.len()).contains(cube))?;
        Some(Self { step, lower, edges, cube })
    }

    /// Unpacks groups of atoms: the first atom of each lies within the bounding box, a run of others is relative to the atom before.
    fn unpack(&self, packed: &[u8], wanted: usize, positions: &mut Vec<[f32; 3]>) -> Option<()> {
        let mut bits = BitReader { bytes: packed, position: 0 };
        let bounding_box = IntegerBox::bounding(self.edges);
        // A group may extend past the last wanted atom. Integers are stored in the place of floats until all are unpacked.
        positions.resize(wanted + 1 + LONGEST_RUN, [0.0; 3]);
        let mut put = |atom: usize, integers: [i32; 3]| positions[atom] = integers.map(|x| f32::from_bits(x as u32));
        let (mut cube, mut run, mut done) = (self.cube, 0, 0);
        while done < wanted {
            let corner = bounding_box.unpack(&mut bits);
            let mut atom: [i32; 3] = from_fn(|axis| corner[axis].wrapping_add(self.lower[axis]));
            let code = bits.run_code();
            run = if code.is_new { code.run } else { run };
            // The first two atoms of a group are swapped: of water the oxygen is then next to both hydrogens.
            put(done + usize::from(run > 0), atom);
            let (small, half) = (&SMALL_CUBES[cube], (CUBE_EDGES[cube] / 2) as i32);
            for k in 0..run {
                let offset = small.unpack(&mut bits);
                atom = from_fn(|axis| atom[axis].wrapping_add(offset[axis] - half));
                put(if k == 0 { done } else { done + k + 1 }, atom);
            }
            done += 1 + run;
            cube = cube
                .checked_add_signed(code.cube_change)
                .filter(|cube| (SMALLEST_CUBE..CUBE_EDGES.len()).contains(cube))?;
            if bits.is_past_end() {
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

/// The most atoms of a run: three times that plus the change of the cube takes five bits.
const LONGEST_RUN: usize = 10;

/// The code after the first atom of a group: a zero bit, or a one and five bits more.
#[derive(Clone, Copy)]
struct RunCode {
    bits: usize,
    /// Whether it sets the length of the run; otherwise that of the group before holds.
    is_new: bool,
    /// Atoms that follow in the run.
    run: usize,
    /// Change of the index of the small cube, for the next group.
    cube_change: isize,
}

/// By the next six bits. A table, since branches on them would be mispredicted.
static RUN_CODES: [RunCode; 64] = {
    let mut codes = [RunCode { bits: 1, is_new: false, run: 0, cube_change: 0 }; 64];
    let mut code = 0;
    while code < 32 {
        codes[32 + code] = RunCode { bits: 6, is_new: true, run: code / 3, cube_change: code as isize % 3 - 1 };
        code += 1;
    }
    codes
};

/// The small cubes by index.
static SMALL_CUBES: [IntegerBox; CUBE_EDGES.len()] = {
    let mut cubes = [IntegerBox::new([2; 3], 3); CUBE_EDGES.len()];
    let mut index = SMALLEST_CUBE;
    while index < CUBE_EDGES.len() {
        cubes[index] = IntegerBox::new([CUBE_EDGES[index]; 3], index as u32);
        index += 1;
    }
    cubes
};

/// A box of integer positions, each of which is packed into one number: x (y edge) (z edge) + y (z edge) + z.
#[derive(Clone, Copy)]
struct IntegerBox {
    edges: [u32; 3],
    /// (y edge) (z edge).
    area: u64,
    /// Width of a packed position; none where the box is so large that coordinates are stored one by one.
    width: Option<BitWidth>,
    /// 2^64 / `area` and 2^64 / (z edge), rounded up: multiplying by them replaces divisions; none where the result could differ.
    inverses: Option<[u64; 2]>,
}

impl IntegerBox {
    const fn new(edges: [u32; 3], bits: u32) -> Self {
        let area = edges[1] as u64 * edges[2] as u64;
        let row = edges[2] as u64;
        // With M = ceil(2^64/d), v M >> 64 is v / d for every v < 2^64 / (d M - 2^64), and that difference is below d.
        let is_exact = bits > 0 && row > 1 && bits + (64 - area.leading_zeros()) <= 64;
        let inverses = if is_exact { Some([u64::MAX / area + 1, u64::MAX / row + 1]) } else { None };
        Self { edges, area, width: if bits > 0 { Some(BitWidth::new(bits)) } else { None }, inverses }
    }

    /// The bounding box of all atoms.
    fn bounding(edges: [u32; 3]) -> Self {
        let volume: u128 = edges.iter().map(|&edge| u128::from(edge)).product();
        let is_large = edges.iter().any(|&edge| edge > 0xff_ffff);
        Self::new(edges, if is_large { 0 } else { 128 - volume.leading_zeros() })
    }

    /// Reads the next position.
    #[inline(always)]
    fn unpack(&self, bits: &mut BitReader) -> [i32; 3] {
        let row = u64::from(self.edges[2]);
        match (self.width, self.inverses) {
            (Some(width), Some([layers, rows])) => {
                let packed = bits.read_bytes(width);
                let high = |x: u64, inverse: u64| ((u128::from(x) * u128::from(inverse)) >> 64) as u64;
                let x = high(packed, layers);
                let rest = packed - x * self.area;
                let y = high(rest, rows);
                [x as i32, y as i32, (rest - y * row) as i32]
            }
            (Some(width), None) if width.bits <= 64 => {
                let packed = bits.read_bytes(width);
                [(packed / self.area) as i32, (packed % self.area / row) as i32, (packed % row) as i32]
            }
            _ => self.unpack_wide(bits),
        }
    }

    /// Reads the next position of more than 64 bits, or coordinate by coordinate.
    #[cold]
    fn unpack_wide(&self, bits: &mut BitReader) -> [i32; 3] {
        let Some(BitWidth { bits: width, .. }) = self.width else {
            return self.edges.map(|edge| bits.read(32 - edge.leading_zeros()) as i32);
        };
        let low = u128::from(bits.read_bytes(BitWidth::new(64)));
        let packed = low | u128::from(bits.read_bytes(BitWidth::new(width - 64))) << 64;
        let (area, row) = (u128::from(self.area), u128::from(self.edges[2]));
        [(packed / area) as i32, (packed % area / row) as i32, (packed % row) as i32]
    }
}

/// Width of a packed number: its bytes come lowest first, and of the last and highest only the needed bits.
#[derive(Clone, Copy)]
struct BitWidth {
    bits: u32,
    /// Bits in the bytes before the last one.
    before: u32,
    /// A mask of these bits.
    mask: u64,
}

impl BitWidth {
    const fn new(bits: u32) -> Self {
        let before = (bits - 1) / 8 * 8;
        Self { bits, before, mask: if before < 64 { (1 << before) - 1 } else { u64::MAX } }
    }
}

/// Reads bits, the highest of each byte first; zeros past the end.
struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bits read so far.
    position: usize,
}

impl BitReader<'_> {
    fn is_past_end(&self) -> bool {
        self.position > 8 * self.bytes.len()
    }

    /// 64 bits from a byte on.
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

    /// Reads 1 to 57 bits as one number.
    #[inline(always)]
    fn read(&mut self, count: u32) -> u64 {
        let value = (self.word(self.position / 8) << (self.position % 8)) >> (64 - count);
        self.position += count as usize;
        value
    }

    #[inline(always)]
    fn run_code(&mut self) -> &'static RunCode {
        let code = &RUN_CODES[(self.word(self.position / 8) << (self.position % 8) >> 58) as usize];
        self.position += code.bits;
        code
    }

    /// Reads a number of at most 64 bits whose lowest byte comes first.
    #[inline(always)]
    fn read_bytes(&mut self, width: BitWidth) -> u64 {
        let (shift, byte) = (self.position % 8, self.position / 8);
        let mut word = self.word(byte) << shift;
        if width.bits > 57 {
            word |= u64::from(self.bytes.get(byte + 8).copied().unwrap_or(0)) >> (8 - shift);
        }
        self.position += width.bits as usize;
        let high = word << width.before >> (64 - (width.bits - width.before));
        (word.swap_bytes() & width.mask) | high << width.before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplication_by_inverses_equals_division() {
        for (edges, bits) in
            [([3001, 2999, 3003], 35), ([8; 3], 9), ([1290; 3], 31), ([16_777_216; 3], 72), ([5, 1, 7], 6)]
        {
            let integer_box = IntegerBox::new(edges, bits);
            for packed in (0..1000_u64).map(|k| k.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - bits.min(64) + 1)) {
                // Whole bytes, then the remaining bits in the high bits of the next.
                let mut text = packed.to_le_bytes().to_vec();
                let whole = (bits / 8) as usize;
                if bits % 8 > 0 && whole < 8 {
                    text[whole] <<= 8 - bits % 8;
                }
                text.extend([0; 8]);
                let area = u64::from(edges[1]) * u64::from(edges[2]);
                let expected = [packed / area, packed % area / u64::from(edges[2]), packed % u64::from(edges[2])];
                assert_eq!(
                    integer_box.unpack(&mut BitReader { bytes: &text, position: 0 }),
                    expected.map(|x| x as i32)
                );
            }
        }
    }

    #[test]
    fn bits_are_read_from_any_position() {
        let bytes = [0b1011_0010, 0b0111_1000, 0xff];
        let mut bits = BitReader { bytes: &bytes, position: 0 };
        assert_eq!([bits.read(1), bits.read(5), bits.read(7)], [1, 12, 0b1001111]);
        assert!(bits.read(11) == 0x0ff && !bits.is_past_end());
        assert!(bits.read(1) == 0 && bits.is_past_end());
        assert_eq!(BitReader { bytes: &bytes, position: 4 }.read_bytes(BitWidth::new(12)), 0x27 | 0x8 << 8);
    }

    #[test]
    fn numbers_of_any_width_are_read_lowest_byte_first() {
        let bytes: [u8; 12] = from_fn(|k| (k as u8 + 1).wrapping_mul(0x9d));
        for position in 0..24 {
            for width in 1..=64 {
                // Byte by byte, then the remaining bits as one number.
                let mut bits = BitReader { bytes: &bytes, position };
                let expected = (0..width).step_by(8).fold(0, |sum, low| sum | bits.read(8.min(width - low)) << low);
                let read = BitReader { bytes: &bytes, position }.read_bytes(BitWidth::new(width));
                assert_eq!(read, expected, "{width} from {position}");
            }
        }
    }
}
