//! GROMACS' full-precision trajectories (trr): every frame has a header with the sizes of its parts, then box, virial, pressure,
//! positions, velocities and forces, of single or double precision.
use super::Frame;
use super::xdr::Numbers;

/// The first number of every frame.
const MAGIC: i32 = 1993;
/// A header never takes more.
pub(super) const HEADER: usize = 100;

/// What stands before a frame's numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Header {
    header_bytes: usize,
    is_double: bool,
    box_bytes: usize,
    /// Of virial and pressure, which stand between box and positions.
    skipped_bytes: usize,
    position_bytes: usize,
    pub bytes: usize,
    pub atoms: usize,
    pub step: i64,
    pub time_ps: f64,
}

/// The header that `bytes` begin with; none where it is of another format.
pub(super) fn header(bytes: &[u8]) -> Option<Header> {
    let mut numbers = Numbers(bytes);
    if numbers.i32()? != MAGIC {
        return None;
    }
    // The length of the version's text with its end and without it.
    numbers.i32()?;
    let text = numbers.count()?;
    numbers.skip(text.checked_next_multiple_of(4)?)?;
    let sizes: Vec<usize> = (0..10).map(|_| numbers.count()).collect::<Option<_>>()?;
    let atoms = numbers.count()?;
    let step = numbers.i32()?.into();
    numbers.skip(4)?;
    let [inputs, energies, box_bytes, virial, pressure, topology, symbols, positions, velocities, forces] = *sizes
    else {
        return None;
    };
    let per_number = match (box_bytes, positions, velocities, forces) {
        (b, ..) if b > 0 => b / 9,
        (_, x, v, f) => x.max(v).max(f) / (3 * atoms).max(1),
    };
    let is_double = per_number == 8;
    if !(is_double || per_number == 4) || inputs + energies + topology + symbols > 0 {
        return None;
    }
    if positions > 0 && positions != 3 * atoms * per_number {
        return None;
    }
    let time_ps = if is_double { numbers.f64()? } else { f64::from(numbers.f32()?) };
    numbers.skip(per_number)?;
    let header_bytes = bytes.len() - numbers.0.len();
    let rest =
        [virial, pressure, positions, velocities, forces].iter().try_fold(box_bytes, |sum, n| sum.checked_add(*n))?;
    Some(Header {
        header_bytes,
        is_double,
        box_bytes,
        skipped_bytes: virial + pressure,
        position_bytes: positions,
        bytes: header_bytes.checked_add(rest)?,
        atoms,
        step,
        time_ps,
    })
}

impl Header {
    /// Whether the frame has positions: some have velocities or forces only.
    pub fn has_positions(&self) -> bool {
        self.position_bytes > 0
    }
}

/// Reads the positions of the first atoms of the frame that `bytes` begin with; none where it is damaged.
pub(super) fn frame(bytes: &[u8], atoms: usize, frame: &mut Frame) -> Option<()> {
    let header = header(bytes)?;
    frame.time_ps = Some(header.time_ps);
    let mut numbers = Numbers(&bytes[header.header_bytes..]);
    let next = |numbers: &mut Numbers| if header.is_double { numbers.f64() } else { numbers.f32().map(f64::from) };
    frame.cell = None;
    if header.box_bytes > 0 {
        let mut cell = [[0.0; 3]; 3];
        for x in cell.as_flattened_mut() {
            *x = next(&mut numbers)?;
        }
        frame.cell = (cell[0][0] * cell[1][1] * cell[2][2] != 0.0).then_some(cell);
    }
    numbers.skip(header.skipped_bytes)?;
    frame.positions.clear();
    for _ in 0..atoms.min(header.atoms) {
        let mut position = [0.0; 3];
        for x in &mut position {
            *x = next(&mut numbers)? as f32;
        }
        frame.positions.push(position);
    }
    Some(())
}
