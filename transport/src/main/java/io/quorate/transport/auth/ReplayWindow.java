package io.quorate.transport.auth;

import java.util.Arrays;

/**
 * Which frame counters of one session were seen: a sliding window of {@value #SIZE} counters (the scheme of RFC 4303, section
 * 3.4.3). Counters begin at 1; one that is below the window counts as seen.
 */
public final class ReplayWindow {
    public static final int SIZE = 1024;

    private final long[] bits = new long[SIZE / Long.SIZE];
    private long highest;

    /** Records the counter; call it only for a frame whose MAC was right. False if it was seen before or is too old. */
    public boolean accept(final long counter) {
        if (counter <= 0 || counter <= highest - SIZE) {
            return false;
        }
        if (counter > highest) {
            slideTo(counter);
        }
        final int word = (int) (counter / Long.SIZE % bits.length);
        final long bit = 1L << (counter % Long.SIZE);
        if ((bits[word] & bit) != 0) {
            return false;
        }
        bits[word] |= bit;
        return true;
    }

    /** The highest counter accepted, 0 if none. */
    public long highest() {
        return highest;
    }

    private void slideTo(final long counter) {
        if (counter - highest >= SIZE) {
            Arrays.fill(bits, 0);
        } else {
            for (long c = highest + 1; c <= counter; c++) {
                bits[(int) (c / Long.SIZE % bits.length)] &= ~(1L << (c % Long.SIZE));
            }
        }
        highest = counter;
    }
}
