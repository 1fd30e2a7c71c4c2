//! Which compiled version of a function runs?

/// Whether the processor has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(in crate::science) fn has_avx2_and_fma() -> bool {
    #[cfg(test)]
    if tests::FORCE_BASELINE.get() {
        return false;
    }
    std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma")
}

/// Defines a function that is compiled twice, for AVX2 with FMA and for any processor. It returns nothing and may have one generic argument,
/// written `<const N: usize>` or `<type T: Trait>`. Functions called inside must be `#[inline(always)]` to be compiled for the same
/// instructions, which closures passed to iterators are not.
macro_rules! dispatch {
    (
        $(#[$about:meta])*
        $visibility:vis fn $name:ident $(<const $generic:ident: $kind:ty>)? $(<type $param:ident: $bound:ident>)?
        ($($argument:ident: $type:ty),* $(,)?) $body:block
    ) => {
        $(#[$about])*
        #[allow(clippy::too_many_arguments)]
        $visibility fn $name $(<const $generic: $kind>)? $(<$param: $bound>)? ($($argument: $type),*) {
            #[inline(always)]
            #[allow(clippy::too_many_arguments)]
            fn body $(<const $generic: $kind>)? $(<$param: $bound>)? ($($argument: $type),*) $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            #[allow(clippy::too_many_arguments)]
            fn with_avx2 $(<const $generic: $kind>)? $(<$param: $bound>)? ($($argument: $type),*) {
                body $(::<$generic>)? $(::<$param>)? ($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            if $crate::science::simd::has_avx2_and_fma() {
                // SAFETY: the processor has AVX2 and FMA.
                return unsafe { with_avx2 $(::<$generic>)? $(::<$param>)? ($($argument),*) };
            }
            body $(::<$generic>)? $(::<$param>)? ($($argument),*)
        }
    };
}
pub(in crate::science) use dispatch;

#[cfg(test)]
pub(in crate::science) mod tests {
    use std::cell::Cell;

    thread_local! {
        /// Makes this thread run the version for any processor.
        pub static FORCE_BASELINE: Cell<bool> = const { Cell::new(false) };
    }
}
