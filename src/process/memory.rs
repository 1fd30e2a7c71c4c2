//! Where does memory come from, and what becomes of it when it is given back?

/// Sets the allocator up for short runs, which otherwise spend a fifth of their time on coming by memory.
pub fn set_up_heap() {
    #[cfg(target_env = "gnu")]
    {
        glibc::keep_freed();
        glibc::use_large_pages();
    }
}

#[cfg(target_env = "gnu")]
mod glibc {
    use nix::libc;

    /// Freed blocks up to this size, bytes, stay with the process.
    const KEPT: i32 = 32 << 20;
    /// So much of the heap, bytes, is in large pages.
    const IN_LARGE_PAGES: i32 = 16 << 20;
    /// A large page, bytes.
    const LARGE_PAGE: usize = 2 << 20;
    /// More than is left of the heap that a process starts with, bytes.
    const FIRST_HEAP: usize = 256 << 10;

    /// Lets this process keep what it has freed, to use it again. By default blocks of a megabyte go back to the kernel at once.
    pub fn keep_freed() {
        // SAFETY: mallopt changes settings of the allocator alone; the parameters exist in every glibc.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT);
            libc::mallopt(libc::M_TRIM_THRESHOLD, 2 * KEPT);
            // What one thread has freed another may use.
            libc::mallopt(libc::M_ARENA_MAX, 1);
        }
    }

    /// Asks for the beginning of the heap in large pages: for each small one that is touched for the first time the kernel is called, at
    /// about 2 us in a virtual machine, for a large one once.
    ///
    /// Nothing in the place of a large page may have been touched before the kernel is asked, and the allocator notes behind its last block
    /// how much is free there. So a block that nobody uses goes up to where large pages begin: it takes address space, no memory.
    pub fn use_large_pages() {
        // SAFETY: the block is given to nobody, and advice changes nothing but the size of pages.
        unsafe {
            libc::mallopt(libc::M_TOP_PAD, IN_LARGE_PAGES);
            let end = libc::sbrk(0) as usize;
            let begin = (end + FIRST_HEAP).next_multiple_of(LARGE_PAGE);
            // A compiler may leave out an allocation that it sees unused.
            std::hint::black_box(libc::malloc(begin - end));
            let end = libc::sbrk(0) as usize;
            if begin < end {
                libc::madvise(begin as *mut libc::c_void, end - begin, libc::MADV_HUGEPAGE);
            }
        }
    }
}
