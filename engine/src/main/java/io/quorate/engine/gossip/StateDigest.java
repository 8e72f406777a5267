package io.quorate.engine.gossip;

import java.util.Arrays;

/**
 * A set of records as the two numbers, how many entries and a sum, of any range of the key space. Keys are mixed by a bijection, so that ranges
 * are even; a range is what shares some leading bits. The sum is of salted hashes of key, version and fingerprint, modulo 2^64: with another salt a
 * collision, found by chance or by design, is gone. Prefix sums answer each range in O(log size). One thread.
 */
final class StateDigest {
    /** More leading bits than this are not told apart. */
    static final int BITS_MAX = 60;

    private long[] mixed = new long[16];
    private long[] hashes = new long[16];
    private long[] sums = new long[17];
    private int size;
    private long modification = Long.MIN_VALUE;
    private long salt;
    private boolean isSalted;

    /** Reads the set anew if it has changed, and salts the sums anew if it has, or the salt. */
    void update(final RecordSet set, final long newSalt) {
        if (modification != set.modification()) {
            modification = set.modification();
            read(set);
            isSalted = false;
        }
        if (!isSalted || salt != newSalt) {
            salt = newSalt;
            isSalted = true;
            for (int i = 0; i < size; i++) {
                sums[i + 1] = sums[i] + mix(hashes[i] ^ salt);
            }
        }
    }

    /** True if {@link #update} would cost a pass over the set. */
    boolean isStale(final RecordSet set, final long newSalt) {
        return modification != set.modification() || !isSalted || salt != newSalt;
    }

    int size() {
        return size;
    }

    /** Index of the first entry whose mixed key is at or above the prefix. */
    int from(final long prefix) {
        int low = 0;
        int high = size;
        while (low < high) {
            final int middle = (low + high) >>> 1;
            if (Long.compareUnsigned(mixed[middle], prefix) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Index behind the last entry of the range. */
    int to(final long prefix, final int bits) {
        if (bits == 0) {
            return size;
        }
        final long next = prefix + (1L << (Long.SIZE - bits));
        return next == 0 ? size : from(next);
    }

    long sum(final int from, final int to) {
        return sums[to] - sums[from];
    }

    /** Key of the entry at an index in the order of mixed keys. */
    long key(final int index) {
        return unmix(mixed[index]);
    }

    /** True if the key is in the range. */
    static boolean isWithin(final long key, final long prefix, final int bits) {
        return bits == 0 || (mix(key) ^ prefix) >>> (Long.SIZE - bits) == 0;
    }

    /** True if the prefix has no bits behind the leading ones. */
    static boolean isRange(final long prefix, final int bits) {
        return bits >= 0 && bits <= BITS_MAX && (bits == 0 ? prefix == 0 : prefix << bits == 0);
    }

    /** Prefix of one quarter of a range; {@code bits} are those of the quarter. */
    static long quarter(final long prefix, final int bits, final int quarter) {
        return prefix | (long) quarter << (Long.SIZE - bits);
    }

    private void read(final RecordSet set) {
        size = set.size();
        if (mixed.length < size) {
            final int room = Math.max(size, 2 * mixed.length);
            mixed = new long[room];
            hashes = new long[room];
            sums = new long[room + 1];
        }
        for (int i = 0; i < size; i++) {
            mixed[i] = mix(set.key(i)) ^ Long.MIN_VALUE;
        }
        // Sorted as signed numbers with the sign flipped, which is the order of unsigned ones.
        Arrays.sort(mixed, 0, size);
        for (int i = 0; i < size; i++) {
            mixed[i] ^= Long.MIN_VALUE;
            final int index = set.indexOf(unmix(mixed[i]));
            hashes[i] = mix(mixed[i] + mix(set.version(index)) + mix(set.fingerprint(index) + 1L));
        }
    }

    /** The finaliser of SplitMix64 (Steele, Lea and Flood, 2014). */
    static long mix(final long value) {
        long z = value;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** Takes {@link #mix} back: the factors are the inverses modulo 2^64. */
    static long unmix(final long value) {
        long z = value ^ (value >>> 31) ^ (value >>> 62);
        z *= 0x319642B2D24D8EC3L;
        z = z ^ (z >>> 27) ^ (z >>> 54);
        z *= 0x96DE1B173F119089L;
        return z ^ (z >>> 30) ^ (z >>> 60);
    }
}
