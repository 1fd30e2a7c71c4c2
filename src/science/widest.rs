//! With which vector instructions do loops over lanes run?
//!
//! Functions made by [`widest!`] are compiled for every x86-64 processor and for those with AVX2, and choose when called.
//! Both give the same bits: additions and multiplications are exact to the last bit everywhere, and no compiler option
//! here lets them be fused or reordered.

/// Whether the processor has AVX2.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(super) fn has_avx2() -> bool {
    #[cfg(test)]
    if tests::IS_PLAIN.get() {
        return false;
    }
    std::is_x86_feature_detected!("avx2")
}

/// Whether the processor has AVX-512.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(super) fn has_avx512() -> bool {
    #[cfg(test)]
    if tests::IS_PLAIN.get() || tests::IS_NARROW.get() {
        return false;
    }
    std::is_x86_feature_detected!("avx512f")
}

/// Defines a function twice, for AVX2 and for any processor, with one generic argument at most: `<const N: usize>` or `<type T: Trait>`. What it calls must be `#[inline(always)]` to take part.
macro_rules! widest {
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
            #[target_feature(enable = "avx2")]
            #[allow(clippy::too_many_arguments)]
            fn with_avx2 $(<const $generic: $kind>)? $(<$param: $bound>)? ($($argument: $type),*) {
                body $(::<$generic>)? $(::<$param>)? ($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            if $crate::science::widest::has_avx2() {
                // SAFETY: the processor has just been asked.
                return unsafe { with_avx2 $(::<$generic>)? $(::<$param>)? ($($argument),*) };
            }
            body $(::<$generic>)? $(::<$param>)? ($($argument),*)
        }
    };
}
pub(super) use widest;

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;

    thread_local! {
        /// Makes this thread pretend to run on a processor without AVX2.
        pub static IS_PLAIN: Cell<bool> = const { Cell::new(false) };
        /// Makes this thread pretend to run on a processor without AVX-512.
        pub static IS_NARROW: Cell<bool> = const { Cell::new(false) };
    }
}
