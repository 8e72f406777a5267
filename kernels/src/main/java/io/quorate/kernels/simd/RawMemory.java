package io.quorate.kernels.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Reads and writes at plain addresses. One constant segment over the whole address space and a mask let C2 prove that every
 * access is within bounds, and so drop the checks; whoever hands an address in has checked it.
 */
final class RawMemory {
    /** User addresses of every supported CPU fit; what is left is small enough that no offset can overflow. */
    static final long ADDRESS_MASK = (1L << 56) - 1;

    /**
     * What a loop adds to a masked address is below this, three times: so C2 knows that it fits an int and folds it into the
     * instruction's address. A mask for each sum costs two instructions an access instead, a third of a tile's loop.
     */
    static final long OFFSET_MASK = (1L << 29) - 1;

    static final ByteOrder ORDER = ByteOrder.nativeOrder();

    static final MemorySegment ALL = wholeAddressSpace();

    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    private RawMemory() {}

    @SuppressWarnings("restricted")
    private static MemorySegment wholeAddressSpace() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }

    static float getFloat(final long address) {
        return ALL.get(FLOAT, address & ADDRESS_MASK);
    }

    /** As {@link #getFloat}, at an address that is a masked one plus a masked offset. */
    static float floatAt(final long address) {
        return ALL.get(FLOAT, address);
    }

    static void putFloat(final long address, final float value) {
        ALL.set(FLOAT, address & ADDRESS_MASK, value);
    }

    static double getDouble(final long address) {
        return ALL.get(DOUBLE, address & ADDRESS_MASK);
    }

    static void putDouble(final long address, final double value) {
        ALL.set(DOUBLE, address & ADDRESS_MASK, value);
    }

    static int getInt(final long address) {
        return ALL.get(INT, address & ADDRESS_MASK);
    }

    static void putInt(final long address, final int value) {
        ALL.set(INT, address & ADDRESS_MASK, value);
    }
}
