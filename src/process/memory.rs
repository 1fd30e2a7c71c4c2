//! Where does memory come from, and what becomes of it when it is given back?

/// Freed blocks up to this size, bytes, stay with the process.
#[cfg(target_env = "gnu")]
const KEPT: i32 = 32 << 20;
/// So much of the heap, bytes, is in large pages.
#[cfg(target_env = "gnu")]
const IN_LARGE_PAGES: i32 = 16 << 20;
/// A large page, bytes.
#[cfg(target_env = "gnu")]
const LARGE_PAGE: usize = 2 << 20;
/// More than is left of the heap that a process starts with, bytes.
#[cfg(target_env = "gnu")]
const FIRST_HEAP: usize = 256 << 10;

/// Sets the allocator up for short runs, which otherwise spend a fifth of their time on coming by memory.
pub fn set_up_heap() {
    #[cfg(target_env = "gnu")]
    {
        keep_freed();
        use_large_pages();
    }
}

/// Lets this process keep what it has freed, to use it again. By default glibc hands blocks of a megabyte back to the kernel at once.
#[cfg(target_env = "gnu")]
fn keep_freed() {
    // SAFETY: mallopt changes settings of the allocator alone; the parameters exist in every glibc.
    unsafe {
        nix::libc::mallopt(nix::libc::M_MMAP_THRESHOLD, KEPT);
        nix::libc::mallopt(nix::libc::M_TRIM_THRESHOLD, 2 * KEPT);
        // What one thread has freed another may use.
        nix::libc::mallopt(nix::libc::M_ARENA_MAX, 1);
    }
}

/// Asks for the beginning of the heap in large pages: for each small one that is touched for the first time the kernel is called, at about
/// 2 us in a virtual machine, for a large one once.
///
/// Nothing below a large page may have been touched before the kernel is asked, and the allocator notes what is free behind the last block.
/// So a block that nobody uses fills the heap up to where large pages begin: of address space, not of memory.
#[cfg(target_env = "gnu")]
fn use_large_pages() {
    // SAFETY: the block is given to nobody, and advice changes nothing but the size of pages.
    unsafe {
        nix::libc::mallopt(nix::libc::M_TOP_PAD, IN_LARGE_PAGES);
        let end = nix::libc::sbrk(0) as usize;
        let begin = (end + FIRST_HEAP).next_multiple_of(LARGE_PAGE);
        // A compiler may leave out an allocation that it sees unused.
        std::hint::black_box(nix::libc::malloc(begin - end));
        let end = nix::libc::sbrk(0) as usize;
        if begin < end {
            nix::libc::madvise(begin as *mut nix::libc::c_void, end - begin, nix::libc::MADV_HUGEPAGE);
        }
    }
}
