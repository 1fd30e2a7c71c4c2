use super::*;

/// Decoded numbers of texts, ambiguous ones as `?`; `|` separates chains.
fn read(texts: &str, width: u32) -> Vec<String> {
    let mut fields = Vec::new();
    for chain in texts.split('|') {
        for (index, word) in chain.split_whitespace().enumerate() {
            let text = word.trim_matches('_').to_owned();
            fields.push(NumberField { text, code: None, begins_chain: index == 0 });
        }
    }
    let show = |number: &DecodedNumber| number.ambiguity.as_ref().map_or(number.value.to_string(), |_| "?".into());
    decode(&fields, width).iter().map(show).collect()
}

fn expect(texts: &str, width: u32, numbers: &str) {
    assert_eq!(read(texts, width).join(" "), numbers, "{texts}");
}

/// `count` numbers from `first` on, as text.
fn series(first: i64, count: i64, write: impl Fn(i64) -> String) -> String {
    (first..first + count).map(write).collect::<Vec<_>>().join(" ")
}

fn digits_36(mut value: i64) -> String {
    let mut text = String::new();
    while value > 0 {
        text.insert(0, char::from_digit((value % 36) as u32, 36).unwrap().to_ascii_uppercase());
        value /= 36;
    }
    text
}

fn open_mm(number: i64) -> String {
    if number < 10_000 { number.to_string() } else { format!("{:X}", (number - 10_000 + 0xa000) % 0x10000) }
}

fn vmd(number: i64) -> String {
    match number {
        ..10_000 => number.to_string(),
        10_000..65_536 => format!("{number:04x}"),
        _ => "****".into(),
    }
}

fn hybrid(number: i64) -> String {
    if number < 10_000 { number.to_string() } else { digits_36(number - 10_000 + 10 * 36_i64.pow(3)) }
}

#[test]
fn numbers_modulo_the_field_continue_over_several_overflows() {
    let texts = series(9_990, 30_020, |number| (number % 10_000).to_string());
    let numbers: Vec<String> = (9_990..40_010).map(|number: i64| number.to_string()).collect();
    assert_eq!(read(&texts, 4), numbers);
    expect("1 1 99999 99999 0 0 1 1", 5, "1 1 99999 99999 100000 100000 100001 100001");
    expect("99999 0 5 99999 0", 5, "99999 100000 100005 199999 200000");
}

#[test]
fn chains_that_restart_keep_their_numbers() {
    expect("1 2 300 1 2 3", 4, "1 2 300 1 2 3");
    expect("1 9998 0 1", 4, "1 9998 0 1");
    expect("5000 1 2", 4, "5000 1 2");
    expect("1 9999 | 0 1 | 1 2", 4, "1 9999 0 1 1 2");
    expect("1 9999 | 1 2", 4, "1 9999 1 2");
    expect("0 1 2 0 1 2", 5, "0 1 2 0 1 2");
    expect("-5 -4 7 -5 0", 4, "-5 -4 7 -5 0");
    expect("1 300 201 305", 4, "1 300 201 305");
    // After a full field: ions that continue, a separate molecule, and what could be either.
    expect("9999 0 1 2 | 3 4 | 1 2 | 1", 4, "9999 10000 10001 10002 10003 10004 1 2 1");
    expect("9999 0 1 2 | 7 8", 4, "9999 10000 10001 10002 ? ?");
    expect("9999 0 1 2 500 1 2", 4, "9999 10000 10001 10002 10500 1 2");
    expect("9999 0 1000 300", 4, "9999 10000 11000 ?");
}

#[test]
fn a_gap_over_the_end_of_the_field_is_ambiguous() {
    expect("9998 3 4", 4, "9998 ? ?");
    expect("9999 1 2", 4, "9999 ? ?");
    // A writer that keeps only the first digits.
    expect("9999 1000 1000 1001", 4, "9999 ? ? ?");
    let fields = ["9998", "3"].map(|text| NumberField { text: text.into(), ..NumberField::default() });
    let ambiguity = decode(&fields, 4).remove(1).ambiguity.unwrap();
    assert_eq!(ambiguity.to_string(), "`3` may mean 3, 10003 or one that does not fit the field (-999 to 9999)");
}

#[test]
fn numbers_with_letters_are_read_as_their_program_wrote_them() {
    let numbers: Vec<String> = (9_990..12_000).map(|number: i64| number.to_string()).collect();
    for write in [open_mm as fn(i64) -> String, vmd, hybrid] {
        assert_eq!(read(&series(9_990, 2_010, write), 4), numbers, "{}", write(10_016));
    }
    // Until the field overflows again.
    let numbers: Vec<String> = (9_990..120_000).map(|number: i64| number.to_string()).collect();
    assert_eq!(read(&series(9_990, 110_010, open_mm), 4), numbers);
    assert_eq!(read(&series(9_990, 110_010, hybrid), 4), numbers);
    let found = read(&series(9_990, 55_550, vmd), 4);
    assert_eq!(found[55_540..].join(" "), "65530 65531 65532 65533 65534 65535 ? ? ? ?");
    expect("99999 A0000 A0001", 5, "99999 100000 100001");
    expect("99999 186a0 186a1", 5, "99999 100000 100001");
    expect("9999 A000 | 1 2 | 9999 A000", 4, "9999 10000 1 2 9999 10000");
    expect("9999 2710 2711 | 1 2711", 4, "9999 10000 10001 1 ?");
    expect("zzzz", 4, "2436111");
}

#[test]
fn texts_that_two_programs_write_for_different_numbers_are_ambiguous() {
    expect("9999 A000 A001 A00A", 4, "9999 10000 10001 10010");
    expect("9999 A000 A010 A011", 4, "9999 10000 ? ?");
    expect("9999 A000 A00G", 4, "9999 10000 10016");
    expect("9999 A000 A00F A010", 4, "9999 10000 10015 10016");
    expect("1 B123", 4, "1 ?");
    expect("1 **** **** 1", 4, "1 ? ? 1");
    expect("1 __ A1 x-y", 4, "1 ? ? ?");
    let fields = ["9999", "A000", "A010"].map(|text| NumberField { text: text.into(), ..NumberField::default() });
    let ambiguity = decode(&fields, 4).remove(2).ambiguity.unwrap();
    assert_eq!(ambiguity.to_string(), "`A010` may mean 10016 or 10036");
}

#[test]
fn a_fifth_column_is_part_of_a_number_that_continues_the_last() {
    let field = |(text, code): (&str, Option<char>)| NumberField { text: text.into(), code, begins_chain: false };
    let found = decode(&[("9999", None), ("1000", Some('0')), ("1000", Some('1'))].map(field), 4);
    assert_eq!(found, [9_999, 10_000, 10_001].map(|value| DecodedNumber::known(value, None)));
    let found = decode(&[("1000", None), ("1000", Some('1')), ("52", Some('1'))].map(field), 4);
    assert_eq!(found[1], DecodedNumber::known(1000, Some('1')));
    assert_eq!(found[2], DecodedNumber::known(52, Some('1')));
    assert!(decode(&[("7", None), ("1000", Some('1'))].map(field), 4)[1].ambiguity.is_some());
}
