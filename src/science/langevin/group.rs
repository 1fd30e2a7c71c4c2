//! How does a group of walkers move, and what is recorded of it?
use super::integrator::Scheme;
use super::{Error, Integrator, Surface};
use crate::science::opes::{Bias, MOST_VARIABLES, Settings, Walker};
use crate::seed::{CampaignSeed, Purpose, Stream};
use std::sync::Arc;

/// What all groups of a campaign have in common.
#[derive(Clone, Debug)]
pub struct System {
    pub surface: Arc<dyn Surface>,
    pub integrator: Integrator,
    /// kT
    pub thermal_energy: f64,
    pub time_step: f64,
    /// Steps from record to record.
    pub sample_every: u64,
    /// Where all walkers start, `[coordinates]`.
    pub start: Vec<f64>,
    /// Walkers of a group.
    pub walkers: usize,
    pub biasing: Option<Biasing>,
}

/// A bias on some of the coordinates.
#[derive(Clone, Debug)]
pub struct Biasing {
    /// Which ones, each at most once.
    pub coordinates: Vec<usize>,
    /// kT and the number of walkers are those of the system; no coordinate is periodic.
    pub settings: Settings,
}

impl System {
    /// What one could not begin with.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), Error> {
        let positive = |what, value: f64| match value.is_finite() && value > 0.0 {
            true => Ok(()),
            false => Err(Error::NotPositive { what, value }),
        };
        positive("kT", self.thermal_energy)?;
        positive("the time step", self.time_step)?;
        match self.integrator {
            Integrator::Overdamped { friction } => positive("the friction", friction)?,
            // Without friction it is Newton's motion, which is not refused.
            Integrator::Underdamped { friction: 0.0, mass } => positive("the mass", mass)?,
            Integrator::Underdamped { friction, mass } => {
                positive("the friction", friction)?;
                positive("the mass", mass)?;
            }
        }
        for (what, count) in
            [("the number of steps per sample", self.sample_every), ("the number of walkers", self.walkers as u64)]
        {
            if count == 0 {
                return Err(Error::Zero { what });
            }
        }
        let (found, expected) = (self.start.len(), self.surface.dimensions());
        if found != expected {
            return Err(Error::Start { found, expected });
        }
        self.bias().map(drop)
    }

    fn bias(&self) -> Result<Option<Bias>, Error> {
        let Some(Biasing { coordinates, settings }) = &self.biasing else { return Ok(None) };
        let dimensions = self.surface.dimensions();
        for (k, &coordinate) in coordinates.iter().enumerate() {
            if coordinate >= dimensions {
                return Err(Error::NoCoordinate { coordinate, dimensions });
            }
            if coordinates[..k].contains(&coordinate) {
                return Err(Error::Twice(coordinate));
            }
        }
        let (thermal_energy, walkers, periods) = (self.thermal_energy, self.walkers, vec![None; coordinates.len()]);
        Ok(Some(Bias::new(Settings { thermal_energy, walkers, periods, ..settings.clone() })?))
    }
}

/// Walkers that share a bias, or one that is alone.
pub struct Group {
    system: System,
    scheme: Scheme,
    bias: Option<Bias>,
    particles: Vec<Particle>,
    step: u64,
    series: Vec<Series>,
}

/// A walker with what acts on it.
struct Particle {
    at: Vec<f64>,
    velocity: Vec<f64>,
    energy: f64,
    /// Slope of energy and bias, `[coordinates]`.
    slope: Vec<f64>,
    /// The biased coordinates.
    point: Vec<f64>,
    bias: f64,
    noise: Stream,
}

/// What was recorded of a walker, at t = 0 and every `sample_every` steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// `[columns]`: time, coordinates, energy and with a bias opes.bias, opes.rct, opes.zed, opes.neff, opes.nker.
    pub names: Vec<String>,
    /// `[columns][samples]`. The bias is that which acted, the rest of opes includes the step's kernel, as in PLUMED.
    pub values: Vec<Vec<f64>>,
}

impl Series {
    /// The names of the columns of a system.
    pub fn names_of(system: &System) -> Vec<String> {
        let coordinates = system.surface.coordinates().iter().copied();
        let bias = ["opes.bias", "opes.rct", "opes.zed", "opes.neff", "opes.nker"];
        let bias = bias.into_iter().filter(|_| system.biasing.is_some());
        ["time"].into_iter().chain(coordinates).chain(["energy"]).chain(bias).map(str::to_owned).collect()
    }

    fn new(system: &System) -> Self {
        let names = Self::names_of(system);
        Self { values: vec![Vec::new(); names.len()], names }
    }

    /// The values of a column, `[samples]`.
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        let place = self.names.iter().position(|known| known == name)?;
        Some(&self.values[place])
    }

    fn record(&mut self, row: impl Iterator<Item = f64>) {
        self.values.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
    }
}

impl Group {
    /// Group `number` at t = 0. Walkers of all groups have streams of their own: that of walker w is number * walkers + w.
    ///
    /// # Errors
    /// The system makes no sense.
    pub fn begin(system: &System, seed: CampaignSeed, number: u64) -> Result<Self, Error> {
        system.check()?;
        let bias = system.bias()?;
        let begin = |walker| Particle::begin(system, seed, number * system.walkers as u64 + walker as u64);
        let mut group = Self {
            scheme: system.integrator.prepare(system.time_step, system.thermal_energy),
            bias,
            particles: (0..system.walkers).map(begin).collect(),
            step: 0,
            series: vec![Series::new(system); system.walkers],
            system: system.clone(),
        };
        (0..group.particles.len()).try_for_each(|walker| group.look(walker))?;
        group.record();
        Ok(group)
    }

    /// The steps that have been made.
    pub fn step(&self) -> u64 {
        self.step
    }

    pub fn bias(&self) -> Option<&Bias> {
        self.bias.as_ref()
    }

    /// What has been recorded so far, `[walkers]`.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// The same, when the group is done.
    pub fn into_series(self) -> Vec<Series> {
        self.series
    }

    /// Moves on by `steps`; in how many pieces changes nothing.
    ///
    /// # Errors
    /// A walker has left all finite numbers.
    pub fn advance(&mut self, steps: u64) -> Result<(), Error> {
        for _ in 0..steps {
            self.step += 1;
            for walker in 0..self.particles.len() {
                let Particle { at, velocity, slope, noise, .. } = &mut self.particles[walker];
                self.scheme.begin(at, velocity, slope, noise);
                self.look(walker)?;
                let Particle { velocity, slope, .. } = &mut self.particles[walker];
                self.scheme.end(velocity, slope);
            }
            if let Some(bias) = &mut self.bias {
                learn(bias, self.step, &self.particles);
            }
            if self.step.is_multiple_of(self.system.sample_every) {
                self.record();
            }
        }
        Ok(())
    }

    /// Brings energy, bias and slope of a walker up to date with its position.
    fn look(&mut self, walker: usize) -> Result<(), Error> {
        let Particle { at, energy, slope, point, bias, .. } = &mut self.particles[walker];
        *energy = self.system.surface.energy(at, slope);
        if !energy.is_finite() {
            let time = self.step as f64 * self.system.time_step;
            return Err(Error::NotFinite { walker, time, energy: *energy });
        }
        if let (Some(acting), Some(Biasing { coordinates, .. })) = (&self.bias, &self.system.biasing) {
            let mut push = [0.0; MOST_VARIABLES];
            point.iter_mut().zip(coordinates).for_each(|(point, k)| *point = at[*k]);
            *bias = acting.at(point, &mut push);
            coordinates.iter().zip(push).for_each(|(k, push)| slope[*k] += push);
        }
        Ok(())
    }

    fn record(&mut self) {
        let time = self.step as f64 * self.system.time_step;
        let progress = self.bias.as_ref().map(Bias::progress);
        for (particle, series) in self.particles.iter().zip(&mut self.series) {
            let bias = progress.map(|p| [particle.bias, p.rct, p.zed, p.neff, p.kernels as f64]);
            let own = [time].into_iter().chain(particle.at.iter().copied()).chain([particle.energy]);
            series.record(own.chain(bias.into_iter().flatten()));
        }
    }
}

/// Outside of the loop over steps, as most of them only look at the pace.
fn learn(bias: &mut Bias, step: u64, particles: &[Particle]) {
    if bias.is_learning(step) {
        let walkers: Vec<Walker> =
            particles.iter().map(|particle| Walker { point: &particle.point, bias: particle.bias }).collect();
        bias.update(step, &walkers);
    }
}

impl Particle {
    fn begin(system: &System, seed: CampaignSeed, stream: u64) -> Self {
        let dimensions = system.surface.dimensions();
        let mut velocities = seed.stream(stream, Purpose::InitialVelocities);
        let speed = system.integrator.thermal_speed(system.thermal_energy);
        Self {
            at: system.start.clone(),
            velocity: (0..dimensions).map(|_| speed.map_or(0.0, |speed| speed * velocities.normal())).collect(),
            energy: 0.0,
            slope: vec![0.0; dimensions],
            point: vec![0.0; system.biasing.as_ref().map_or(0, |biasing| biasing.coordinates.len())],
            bias: 0.0,
            noise: seed.stream(stream, Purpose::ThermalNoise),
        }
    }
}
