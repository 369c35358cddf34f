//! The memory of a process that lives for long, as a worker of php-fpm.
//!
//! Opening a store takes far more memory for a moment than the open store keeps, and code that no later request
//! runs. Both would stay with the process. So would what hardly any request runs.

/// Whether it is time to give something back: after the first request that had a store, the 16th, the 256th and so on.
pub(crate) fn may_have_unused(requests: u32) -> bool {
    requests.is_power_of_two() && requests.trailing_zeros().is_multiple_of(4)
}

/// Gives back what was used and is not in use now.
pub(crate) fn return_unused() {
    #[cfg(target_env = "gnu")]
    // SAFETY: a call with a number. It touches only memory that nobody has allocated.
    unsafe {
        libc::malloc_trim(0);
    }
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    code::unmap();
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod code {
    use std::ffi::{c_int, c_void};
    use std::{ptr, slice};

    use libc::{PF_W, PT_LOAD, dl_phdr_info};

    /// Unmaps the pages of the extension's code and constants; each is mapped again when it is used.
    pub(super) fn unmap() {
        // SAFETY: the callback is called for each loaded object, and keeps nothing of it.
        unsafe {
            libc::dl_iterate_phdr(Some(unmap_own), ptr::null_mut());
        }
    }

    /// Unmaps what nobody can have written to, if this code is part of the object.
    unsafe extern "C" fn unmap_own(
        object: *mut dl_phdr_info,
        _size: usize,
        _data: *mut c_void,
    ) -> c_int {
        // SAFETY: the loader passes an object, and the address and number of its segments' headers.
        let (base, headers) = unsafe {
            let object = &*object;
            let headers = slice::from_raw_parts(object.dlpi_phdr, object.dlpi_phnum.into());
            (object.dlpi_addr, headers)
        };
        let loaded = || headers.iter().filter(|header| header.p_type == PT_LOAD);
        let start = |header: &libc::Elf64_Phdr| base.wrapping_add(header.p_vaddr);
        let here = unmap as *const () as u64;
        let is_own =
            loaded().any(|header| (start(header)..start(header) + header.p_memsz).contains(&here));
        if !is_own {
            return 0;
        }
        for header in loaded().filter(|header| header.p_flags & PF_W == 0) {
            let (first, end) = whole_pages(start(header), header.p_memsz);
            // SAFETY: these pages are mapped from the extension's file and were never writable, so they are read from
            // it again. A failure changes nothing.
            unsafe {
                libc::madvise(first as *mut c_void, end - first, libc::MADV_DONTNEED);
            }
        }
        1
    }

    /// From where to where whole pages reach.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a pointer has 64 bits here"
    )]
    fn whole_pages(start: u64, length: u64) -> (usize, usize) {
        // SAFETY: a call with a number.
        let page = u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(u64::MAX);
        let first = start.next_multiple_of(page);
        let end = (start + length) / page * page;
        let (first, end) = (first as usize, end as usize);
        (first, end.max(first))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn memory_is_given_back_more_and_more_rarely() {
        let times: Vec<u32> = (0..70_000)
            .filter(|requests| super::may_have_unused(*requests))
            .collect();
        assert_eq!(times, [1, 16, 256, 4096, 65536]);
    }
}
