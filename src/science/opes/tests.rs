//! Does the bias obey its definition, and does it continue from its state?
use super::*;
use crate::science::simd;
use crate::seed::{CampaignSeed, Purpose};

const PERIOD: f64 = 2.0 * std::f64::consts::PI;

fn settings(variant: Variant) -> Settings {
    let periods = vec![Some(PERIOD), None];
    Settings { walkers: 2, ..Settings::new(variant, 2.5, 30.0, 3, periods) }
}

fn flat() -> Settings {
    let widths = WidthRule::Fixed(vec![0.15, 0.3]);
    Settings { bias_factor: Some(f64::INFINITY), widths, walkers: 2, ..settings(Variant::Metad) }
}

/// Points of two walkers at a step: three basins, one of them across the boundary of the periodic variable.
fn points(step: u64) -> [[f64; 2]; 2] {
    let mut stream = CampaignSeed(3).stream(step, Purpose::InitialCoordinates);
    [0, 1].map(|walker| {
        let basin = (step / 40 + walker) % 3;
        let [center, height] = [[3.1, 0.0], [0.5, 1.0], [-1.5, -2.0]][basin as usize];
        let wrapped = center + 0.3 * stream.normal();
        [wrapped - PERIOD * libm::rint(wrapped / PERIOD), height + 0.5 * stream.normal()]
    })
}

/// Lets a bias learn from steps `from` to `to` and returns every bias on the way.
fn learn(bias: &mut Bias, from: u64, to: u64) -> Vec<f64> {
    let mut seen = Vec::new();
    for step in from..to {
        let points = points(step);
        let found = points.map(|point| bias.evaluate(&point, &mut [0.0; 2]));
        bias.update(step, &[0, 1].map(|w| Walker { point: &points[w], bias: found[w] }));
        seen.extend(found);
    }
    seen
}

#[test]
fn the_gradient_is_that_of_the_bias() {
    for settings in [settings(Variant::Metad), settings(Variant::Explore), flat()] {
        let mut bias = Bias::new(settings).unwrap();
        learn(&mut bias, 1, 600);
        assert!(bias.progress().kernels > 10, "{:?}", bias.progress());
        for step in 1000..1100 {
            let point = points(step)[0];
            let mut gradient = [0.0; 2];
            bias.evaluate(&point, &mut gradient);
            for i in 0..2 {
                let at = |shift: f64| {
                    let mut moved = point;
                    moved[i] += shift;
                    bias.evaluate(&moved, &mut [0.0; 2])
                };
                let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!(
                    (gradient[i] - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                    "{} and {expected}",
                    gradient[i]
                );
            }
        }
    }
}

#[test]
fn a_bias_is_periodic_and_nowhere_below_minus_the_barrier() {
    let mut bias = Bias::new(settings(Variant::Metad)).unwrap();
    assert!((bias.evaluate(&[0.0, 0.0], &mut [0.0; 2]) + 30.0).abs() < 1e-12);
    let seen = learn(&mut bias, 1, 600);
    assert!(seen.iter().all(|v| *v > -30.0 - 1e-9), "{seen:?}");
    assert!(seen.iter().any(|v| *v > 0.0));
    for step in 1000..1050 {
        let point = points(step)[0];
        let [here, there] = [0.0, PERIOD].map(|shift| bias.evaluate(&[point[0] + shift, point[1]], &mut [0.0; 2]));
        assert!((here - there).abs() < 1e-9, "{here} and {there}");
    }
    // Far from all kernels the bias is -barrier.
    assert!((bias.evaluate(&[0.0, 50.0], &mut [0.0; 2]) + 30.0).abs() < 1e-12);
}

#[test]
fn there_is_no_bias_until_widths_are_measured() {
    let mut bias = Bias::new(settings(Variant::Metad)).unwrap();
    learn(&mut bias, 1, 30);
    assert_eq!(bias.progress().kernels, 0);
    learn(&mut bias, 30, 31);
    assert!(bias.progress().kernels > 0);
    assert_eq!(bias.state().counter, 3);
}

#[test]
fn a_restarted_bias_continues_bit_by_bit() {
    for settings in [settings(Variant::Metad), settings(Variant::Explore), flat()] {
        let mut whole = Bias::new(settings.clone()).unwrap();
        let mut expected = learn(&mut whole, 1, 400);
        for stop in [17, 100] {
            let mut first = Bias::new(settings.clone()).unwrap();
            let mut seen = learn(&mut first, 1, stop);
            let state = first.state();
            let mut second = Bias::restart(settings.clone(), &state).unwrap();
            assert_eq!(second.state(), state);
            seen.extend(learn(&mut second, stop, 400));
            let bits = |values: &mut Vec<f64>| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&mut seen), bits(&mut expected));
            assert_eq!(second.state(), whole.state());
        }
    }
}

#[test]
fn a_bias_has_the_same_bits_without_wide_vectors() {
    let run = || {
        let mut bias = Bias::new(settings(Variant::Metad)).unwrap();
        learn(&mut bias, 1, 300);
        bias.state()
    };
    let wide = run();
    simd::tests::FORCE_BASELINE.set(true);
    let plain = run();
    simd::tests::FORCE_BASELINE.set(false);
    assert_eq!(wide, plain);
}

#[test]
fn an_incrementally_updated_z_is_the_mean_of_the_density_over_kernels() {
    for settings in [settings(Variant::Metad), settings(Variant::Explore), flat()] {
        let variant = settings.variant;
        let mut bias = Bias::new(Settings { compression_threshold: 0.5, ..settings }).unwrap();
        learn(&mut bias, 1, 3000);
        let State { zed, sum_weights, counter, kernels, .. } = bias.state();
        assert!(kernels.len() > 30, "{}: only then is Z updated incrementally", kernels.len());
        // P follows from the bias: V = a kT ln(P/Z + eps).
        let factor = bias.bias_factor();
        let scale = 2.5 * if variant == Variant::Metad { 1.0 - 1.0 / factor } else { factor - 1.0 };
        let density = |point: &[f64]| (libm::exp(bias.evaluate(point, &mut [0.0; 2]) / scale) - bias.epsilon()) * zed;
        let mean = kernels.iter().map(|kernel| density(&kernel.center)).sum::<f64>() / kernels.len() as f64;
        assert!((mean / zed - 1.0).abs() < 1e-9, "{mean} and {zed}");
        assert!(sum_weights > 0.0 && counter == 1 + 2 * (2999 / 3 - u64::from(bias.state().width.is_some()) * 9));
    }
}

#[test]
fn bounding_boxes_exclude_only_zeros() {
    let mut bias = Bias::new(Settings { compression_threshold: 0.3, ..settings(Variant::Metad) }).unwrap();
    learn(&mut bias, 1, 2000);
    let state = bias.state();
    assert!(state.kernels.len() > 100, "{}", state.kernels.len());
    let cutoff = bias.cutoff();
    let shift = libm::exp(-0.5 * cutoff * cutoff);
    for step in 3000..3200 {
        let point = points(step)[1];
        let value = |kernel: &Kernel| {
            let wrapped = libm::remainder(point[0] - kernel.center[0], PERIOD) / kernel.sigma[0];
            let r2 = wrapped.powi(2) + ((point[1] - kernel.center[1]) / kernel.sigma[1]).powi(2);
            if r2 < cutoff * cutoff { kernel.height * (libm::exp(-0.5 * r2) - shift) } else { 0.0 }
        };
        let sum = state.kernels.iter().map(value).sum::<f64>() / state.sum_weights / state.zed;
        let expected = 2.5 * (1.0 - 1.0 / bias.bias_factor()) * libm::log(sum + bias.epsilon());
        let found = bias.evaluate(&point, &mut [0.0; 2]);
        assert!((found - expected).abs() < 1e-9, "{found} and {expected}");
    }
}

#[test]
fn compression_keeps_height_and_mean_and_leaves_nothing_close() {
    let mut kernels = kernels::Kernels::new(&[Some(PERIOD)], 5.0);
    let kernel = |center: f64, height| Kernel { height, center: vec![center], sigma: vec![0.2] };
    kernels.add(&kernel(3.1, 1.0), 1.0, true);
    let changes = kernels.add(&kernel(3.1 + 0.1 - PERIOD, 3.0), 1.0, true);
    assert_eq!((kernels.len(), changes.len()), (1, 2));
    assert_eq!((changes[0].height, changes[1].height), (-1.0, 4.0));
    let merged = kernels.get(0);
    let mean = 3.1 + 0.075 - PERIOD;
    assert!((merged.center[0] - mean).abs() < 1e-12, "{merged:?}");
    let variance = 0.2f64.powi(2) + 0.75 * 0.25 * 0.1f64.powi(2);
    assert!((merged.sigma[0] * merged.sigma[0] - variance).abs() < 1e-12);
    // A kernel between two that are just apart merges both.
    let mut kernels = kernels::Kernels::new(&[None], 5.0);
    for center in [0.0, 0.25, 1.0] {
        kernels.add(&kernel(center, 1.0), 1.0, true);
    }
    assert_eq!(kernels.len(), 3);
    let changes = kernels.add(&kernel(0.12, 1.0), 1.0, true);
    assert_eq!((kernels.len(), changes.len()), (2, 3));
    assert!((changes.iter().map(|change| change.height).sum::<f64>() - 1.0).abs() < 1e-12);
    assert_eq!(kernels.iter().map(|kernel| kernel.height).collect::<Vec<_>>(), [3.0, 1.0]);
    kernels.add(&kernel(0.12, 1.0), 0.0, true);
    assert_eq!(kernels.len(), 3, "with threshold 0 nothing is merged");
}

#[test]
fn one_walker_after_the_other_is_counted_like_both() {
    let mut bias = Bias::new(flat()).unwrap();
    let deposits = bias.update(3, &[[0.1, 0.2], [2.0, 1.0]].each_ref().map(|point| Walker { point, bias: 5.0 }));
    let state = bias.state();
    assert_eq!((deposits.len(), state.counter, state.kernels.len()), (2, 3, 2));
    let first = libm::exp(-30.0 / 2.5);
    assert!((state.sum_weights - first - 2.0 * libm::exp(2.0)).abs() < 1e-12);
    assert_eq!([&deposits[0].kernel, &deposits[1].kernel], [&state.kernels[0], &state.kernels[1]]);
}

#[test]
fn invalid_settings_are_refused() {
    let refused = |settings: Settings| Bias::new(settings).unwrap_err();
    let plain = || settings(Variant::Metad);
    assert_eq!(refused(Settings { periods: Vec::new(), ..plain() }), Error::Variables(0));
    assert_eq!(refused(Settings { periods: vec![None; 5], ..plain() }), Error::Variables(5));
    let Error::NotPositive { what: "kT", .. } = refused(Settings { thermal_energy: f64::NAN, ..plain() }) else {
        panic!()
    };
    let Error::NotPositive { what: "the barrier", .. } = refused(Settings { barrier: -1.0, ..plain() }) else {
        panic!()
    };
    assert_eq!(refused(Settings { pace: 0, ..plain() }), Error::Zero { what: "the pace" });
    assert_eq!(refused(Settings { barrier: 2.0, ..plain() }), Error::BiasFactor(0.8));
    assert_eq!(refused(Settings { bias_factor: Some(f64::INFINITY), ..plain() }), Error::FlatAndAdaptive);
    assert_eq!(refused(Settings { variant: Variant::Explore, ..flat() }), Error::FlatAndExplore);
    assert_eq!(refused(Settings { barrier: 2e4, ..flat() }), Error::Barrier { barrier: 2e4 });
    let Error::Threshold { .. } = refused(Settings { compression_threshold: 9.0, ..plain() }) else { panic!() };
    let narrow = WidthRule::Fixed(vec![0.1]);
    assert_eq!(refused(Settings { widths: narrow, ..flat() }), Error::Count { what: "widths", found: 1, expected: 2 });
    assert_eq!(
        refused(Settings { widths: WidthRule::Adaptive { stride: 2 }, ..plain() }),
        Error::Stride { stride: 2, pace: 3 }
    );
}

#[test]
fn a_state_of_another_bias_is_refused() {
    let mut bias = Bias::new(settings(Variant::Metad)).unwrap();
    learn(&mut bias, 1, 100);
    let state = bias.state();
    let refused = |state: &State| Bias::restart(settings(Variant::Metad), state).unwrap_err();
    assert!(matches!(refused(&State { width: None, ..state.clone() }), Error::State { what: "measured widths", .. }));
    assert!(matches!(refused(&State { zed: 0.0, ..state.clone() }), Error::StateValue { what: "zed", .. }));
    let mut short = state.clone();
    short.kernels[0].center.pop();
    assert!(matches!(refused(&short), Error::State { found: 1, expected: 2, .. }));
    let single = Settings { walkers: 1, ..settings(Variant::Metad) };
    assert!(matches!(Bias::restart(single, &state).unwrap_err(), Error::State { found: 2, expected: 1, .. }));
}
