//! Valid KERNELS and STATE files are read, invalid ones are rejected by line.
use simmpi::md::opes::{Content, Error, OpesFile, parse};
use simmpi::science::opes::{Bias, Kernel, Settings, Variant, WidthRule};
use std::path::Path;

const STATE: &str = "\
#! FIELDS time phi d sigma_phi sigma_d height
#! SET action OPES_METAD_EXPLORE_state
#! SET biasfactor 8.5
#! SET epsilon 0.0001
#! SET kernel_cutoff 4.25
#! SET compression_threshold 1
#! SET zed 0.75
#! SET sum_weights 12.5
#! SET sum_weights2 19
#! SET counter 17
#! SET adaptive_counter 50
#! SET sigma0_phi 0.25
#! SET sigma0_d 0.5
#! SET av_cv_phi_0 -0.5
#! SET av_M2_phi_0 20
#! SET av_cv_d_0 1.5
#! SET av_M2_d_0 30
#! SET av_cv_phi_1 0.5
#! SET av_M2_phi_1 21
#! SET av_cv_d_1 2.5
#! SET av_M2_d_1 31
#! SET min_phi -pi
#! SET max_phi pi
 50.0 -1.5 0.9 0.6 0.7 20.5
 50.0 2.5 2.9 0.5 0.8 0.75
";

fn parse_text(text: &str) -> Result<OpesFile, Error> {
    parse(Path::new("STATE"), text)
}

#[test]
fn a_state_contains_everything_that_a_bias_continues_from() {
    let file = parse_text(STATE).unwrap();
    assert_eq!((file.variant, file.variables.as_slice()), (Variant::Explore, ["phi".into(), "d".into()].as_slice()));
    assert_eq!(file.domains, [Some([-std::f64::consts::PI, std::f64::consts::PI]), None]);
    assert_eq!((file.bias_factor, file.cutoff, file.time_ps), (8.5, 4.25, Some(50.0)));
    let Content::State(state) = &file.content else { panic!("{file:?}") };
    assert_eq!((state.zed, state.sum_weights, state.sum_weights2, state.counter), (0.75, 12.5, 19.0, 17));
    let width = state.width.as_ref().unwrap();
    assert_eq!(width.initial, [0.25, 0.5]);
    assert_eq!(
        (width.counter, &width.mean, &width.squares),
        (50, &vec![vec![-0.5, 1.5], vec![0.5, 2.5]], &vec![vec![20.0, 30.0], vec![21.0, 31.0]])
    );
    assert_eq!(state.kernels[1], Kernel { height: 0.75, center: vec![2.5, 2.9], sigma: vec![0.5, 0.8] });
    let settings = Settings { walkers: 2, ..Settings::new(Variant::Explore, 2.5, 20.0, 10, file.periods()) };
    assert_eq!(Bias::restart(settings, state).unwrap().state(), *state);
}

#[test]
fn the_last_of_several_states_and_all_kernels_count() {
    let later = STATE.replace("counter 17", "counter 18").replace("20.5", "21.5");
    let Content::State(state) = parse_text(&(STATE.to_owned() + &later)).unwrap().content else { panic!() };
    assert_eq!((state.counter, state.kernels.len(), state.kernels[0].height), (18, 2, 21.5));
    let kernels = "#! FIELDS time d sigma_d height logweight\n#! SET action OPES_METAD_kernels\n#! SET biasfactor inf\n\
        #! SET epsilon 1e-3\n#! SET kernel_cutoff 6\n#! SET compression_threshold 1\n 5 2 0.1 0.5 -0.75\n";
    let file = parse_text(&(kernels.to_owned() + &kernels.replace(" 5 2", " 6 3"))).unwrap();
    assert!(file.bias_factor.is_infinite());
    let Content::Kernels(deposits) = &file.content else { panic!() };
    assert_eq!((deposits.len(), deposits[1].kernel.center[0], deposits[1].log_weight), (2, 3.0, -0.75));
    let settings = Settings {
        bias_factor: Some(f64::INFINITY),
        widths: WidthRule::Fixed(vec![0.1]),
        ..Settings::new(Variant::Metad, 2.5, 20.0, 1, vec![None])
    };
    let state = Bias::replay(settings, deposits).unwrap().state();
    assert_eq!((state.kernels.len(), state.counter), (2, 3));
    // Two kernels without overlap: the mean of their heights at their own centres, over the sum of weights.
    let norm = libm::exp(-20.0 / 2.5) + 2.0 * libm::exp(-0.75);
    let cut = 1.0 - libm::exp(-0.5 * 2.0 * 20.0 / 2.5);
    assert!((state.zed - 0.5 * cut / norm).abs() < 1e-12, "{}", state.zed);
}

#[test]
fn an_invalid_file_is_rejected_by_line() {
    let refused = |text: &str| parse_text(text).unwrap_err().to_string();
    assert!(refused("1 2 3\n").contains("no line `#! FIELDS"));
    assert!(refused(&STATE.replace("OPES_METAD_EXPLORE_state", "METAD")).contains("file of the action `METAD`"));
    assert!(refused(&STATE.replace("#! SET zed 0.75\n", "")).contains("`#! SET zed ...` is missing"));
    assert!(refused(&STATE.replace("2.9", "2.x")).contains("STATE:25: `2.x` is not a number"));
    assert!(refused(&STATE.replace("av_M2_d_1", "other")).contains("SET av_M2_d_1"));
    assert!(refused(&STATE.replace(" 0.8 0.75", "")).contains("STATE:25: the row has 4 columns of 6"));
    assert!(refused(&STATE.replace("sigma_d", "width")).contains("field sigma_d is missing"));
    assert!(refused(&STATE.replace("counter 17", "counter 1.5")).contains("STATE:10: `1.5` is not a number"));
}

#[test]
fn kernels_that_were_cut_off_or_repeated_are_left_out() {
    let head = "#! FIELDS time phi sigma_phi height logweight\n#! SET action OPES_METAD_kernels\n#! SET biasfactor 8\n\
        #! SET epsilon 0.01\n#! SET kernel_cutoff 4\n#! SET compression_threshold 1\n#! SET min_phi 0\n#! SET max_phi 2pi\n";
    let row = |time: u32| format!(" {time} 0.1 0.2 {time} 0\n");
    let heights = |text: String| match parse_text(&text).unwrap() {
        OpesFile { content: Content::Kernels(kernels), domains, .. } => {
            assert!((domains[0].unwrap()[1] - 2.0 * std::f64::consts::PI).abs() < 1e-12);
            kernels.into_iter().map(|deposit| deposit.kernel.height).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let both = row(1) + &row(2);
    assert_eq!(heights(format!("{head}{both} 3 0.1 {head}{}", row(3))), [1.0, 2.0, 3.0]);
    assert_eq!(heights(format!("{head}{both}\0\0\0{head}{}", row(3))), [1.0, 2.0, 3.0]);
    assert_eq!(heights(format!("{head}{both} 3 0.1 0.2 3 0")), [1.0, 2.0]);
    assert_eq!(heights(format!("{head}{both}{head}{}{}", row(2), row(3))), [1.0, 2.0, 2.0, 3.0]);
    assert_eq!(heights(format!("{head}{both}{}{head}{}{}", row(3), row(2), row(4))), [1.0, 2.0, 4.0]);
    // An incomplete state is useless.
    let cut = parse_text(STATE.trim_end()).unwrap_err();
    assert!(cut.to_string().contains("STATE:25: the file ends within this row"), "{cut}");
}
