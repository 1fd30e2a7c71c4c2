//! How does a group of walkers move, and what is recorded?
use super::integrator::Scheme;
use super::{Error, Integrator, Surface};
use crate::science::opes::{Bias, MOST_VARIABLES, Settings, Walker};
use crate::seed::{CampaignSeed, Purpose, Stream};
use std::sync::Arc;

/// The system and settings that all groups of a campaign share.
#[derive(Clone, Debug)]
pub struct System {
    pub surface: Arc<dyn Surface>,
    pub integrator: Integrator,
    /// kT.
    pub thermal_energy: f64,
    pub time_step: f64,
    /// Steps between recorded samples.
    pub sample_every: u64,
    /// The initial position of all walkers, `[coordinates]`.
    pub start: Vec<f64>,
    pub walkers: usize,
    pub biasing: Option<Biasing>,
}

/// An OPES bias on some of the coordinates.
#[derive(Clone, Debug)]
pub struct Biasing {
    /// Indices of the biased coordinates, each at most once.
    pub coordinates: Vec<usize>,
    /// kT and the number of walkers are replaced by those of the system; no coordinate is periodic.
    pub settings: Settings,
}

impl System {
    pub fn check(&self) -> Result<(), Error> {
        let positive = |what, value: f64| match value.is_finite() && value > 0.0 {
            true => Ok(()),
            false => Err(Error::NotPositive { what, value }),
        };
        positive("kT", self.thermal_energy)?;
        positive("the time step", self.time_step)?;
        match self.integrator {
            Integrator::Overdamped { friction } => positive("the friction", friction)?,
            // Without friction this is Newtonian motion, which is allowed.
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

/// Walkers that share a bias, or a single one.
pub struct Group {
    system: System,
    scheme: Scheme,
    bias: Option<Bias>,
    particles: Vec<Particle>,
    step: u64,
    series: Vec<Series>,
}

/// A walker with its energy, gradient, bias and noise.
struct Particle {
    position: Vec<f64>,
    velocity: Vec<f64>,
    energy: f64,
    /// Gradient of energy plus bias, `[coordinates]`.
    gradient: Vec<f64>,
    /// The biased coordinates.
    point: Vec<f64>,
    bias: f64,
    noise: Stream,
}

/// The recorded time series of a walker, at t = 0 and every `sample_every` steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// `[columns]`: time, coordinates, energy and, with a bias, opes.bias, opes.rct, opes.zed, opes.neff, opes.nker.
    pub names: Vec<String>,
    /// `[columns][samples]`. `opes.bias` is before, the other opes columns are after the deposition of the step's kernel, as in PLUMED.
    pub values: Vec<Vec<f64>>,
}

impl Series {
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
        let column = self.names.iter().position(|known| known == name)?;
        Some(&self.values[column])
    }

    fn record(&mut self, row: impl Iterator<Item = f64>) {
        self.values.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
    }
}

impl Group {
    /// Group `number` at t = 0. Each walker of all groups has its own random streams: walker w has number * walkers + w.
    pub fn new(system: &System, seed: CampaignSeed, number: u64) -> Result<Self, Error> {
        system.check()?;
        let bias = system.bias()?;
        let particle = |walker| Particle::new(system, seed, number * system.walkers as u64 + walker as u64);
        let mut group = Self {
            scheme: system.integrator.prepare(system.time_step, system.thermal_energy),
            bias,
            particles: (0..system.walkers).map(particle).collect(),
            step: 0,
            series: vec![Series::new(system); system.walkers],
            system: system.clone(),
        };
        (0..group.particles.len()).try_for_each(|walker| group.evaluate(walker))?;
        group.record();
        Ok(group)
    }

    pub fn step(&self) -> u64 {
        self.step
    }

    /// The time series of a finished group, `[walkers]`.
    pub fn into_series(self) -> Vec<Series> {
        self.series
    }

    /// Integrates `steps` time steps. Results do not depend on how they are divided into calls.
    ///
    /// # Errors
    /// A trajectory diverged.
    pub fn advance(&mut self, steps: u64) -> Result<(), Error> {
        for _ in 0..steps {
            self.step += 1;
            for walker in 0..self.particles.len() {
                let Particle { position, velocity, gradient, noise, .. } = &mut self.particles[walker];
                self.scheme.first_part(position, velocity, gradient, noise);
                self.evaluate(walker)?;
                let Particle { velocity, gradient, .. } = &mut self.particles[walker];
                self.scheme.second_part(velocity, gradient);
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

    /// Computes energy, bias and gradient at the position of a walker.
    fn evaluate(&mut self, walker: usize) -> Result<(), Error> {
        let Particle { position, energy, gradient, point, bias, .. } = &mut self.particles[walker];
        *energy = self.system.surface.energy(position, gradient);
        if !energy.is_finite() {
            let time = self.step as f64 * self.system.time_step;
            return Err(Error::NotFinite { walker, time, energy: *energy });
        }
        if let (Some(acting), Some(Biasing { coordinates, .. })) = (&self.bias, &self.system.biasing) {
            let mut bias_gradient = [0.0; MOST_VARIABLES];
            point.iter_mut().zip(coordinates).for_each(|(point, k)| *point = position[*k]);
            *bias = acting.evaluate(point, &mut bias_gradient);
            coordinates.iter().zip(bias_gradient).for_each(|(k, slope)| gradient[*k] += slope);
        }
        Ok(())
    }

    fn record(&mut self) {
        let time = self.step as f64 * self.system.time_step;
        let progress = self.bias.as_ref().map(Bias::progress);
        for (particle, series) in self.particles.iter().zip(&mut self.series) {
            let bias = progress.map(|p| [particle.bias, p.rct, p.zed, p.neff, p.kernels as f64]);
            let own = [time].into_iter().chain(particle.position.iter().copied()).chain([particle.energy]);
            series.record(own.chain(bias.into_iter().flatten()));
        }
    }
}

/// A function of its own, because most steps deposit nothing.
fn learn(bias: &mut Bias, step: u64, particles: &[Particle]) {
    if bias.is_learning(step) {
        let walkers: Vec<Walker> =
            particles.iter().map(|particle| Walker { point: &particle.point, bias: particle.bias }).collect();
        bias.update(step, &walkers);
    }
}

impl Particle {
    fn new(system: &System, seed: CampaignSeed, stream: u64) -> Self {
        let dimensions = system.surface.dimensions();
        let mut velocities = seed.stream(stream, Purpose::InitialVelocities);
        let speed = system.integrator.thermal_speed(system.thermal_energy);
        Self {
            position: system.start.clone(),
            velocity: (0..dimensions).map(|_| speed.map_or(0.0, |speed| speed * velocities.normal())).collect(),
            energy: 0.0,
            gradient: vec![0.0; dimensions],
            point: vec![0.0; system.biasing.as_ref().map_or(0, |biasing| biasing.coordinates.len())],
            bias: 0.0,
            noise: seed.stream(stream, Purpose::ThermalNoise),
        }
    }
}
