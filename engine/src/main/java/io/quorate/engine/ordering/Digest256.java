package io.quorate.engine.ordering;

import java.nio.ByteOrder;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** A SHA-256 digest as four words: compared, copied and stored without a byte array. Mutable; equal by content. */
public final class Digest256 implements Comparable<Digest256> {
    public static final int LENGTH = 32;

    private long word0;
    private long word1;
    private long word2;
    private long word3;

    /** Reads {@value #LENGTH} bytes. */
    public Digest256 set(final DirectBuffer buffer, final int offset) {
        word0 = buffer.getLong(offset, ByteOrder.BIG_ENDIAN);
        word1 = buffer.getLong(offset + 8, ByteOrder.BIG_ENDIAN);
        word2 = buffer.getLong(offset + 16, ByteOrder.BIG_ENDIAN);
        word3 = buffer.getLong(offset + 24, ByteOrder.BIG_ENDIAN);
        return this;
    }

    public Digest256 set(final Digest256 other) {
        word0 = other.word0;
        word1 = other.word1;
        word2 = other.word2;
        word3 = other.word3;
        return this;
    }

    public void clear() {
        word0 = 0;
        word1 = 0;
        word2 = 0;
        word3 = 0;
    }

    /** Writes {@value #LENGTH} bytes. */
    public void write(final MutableDirectBuffer buffer, final int offset) {
        buffer.putLong(offset, word0, ByteOrder.BIG_ENDIAN);
        buffer.putLong(offset + 8, word1, ByteOrder.BIG_ENDIAN);
        buffer.putLong(offset + 16, word2, ByteOrder.BIG_ENDIAN);
        buffer.putLong(offset + 24, word3, ByteOrder.BIG_ENDIAN);
    }

    public boolean isEqual(final Digest256 other) {
        return word0 == other.word0 && word1 == other.word1 && word2 == other.word2 && word3 == other.word3;
    }

    /** The first eight bytes; as good as a hash, since digests are. */
    public long prefix() {
        return word0;
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof Digest256 digest && isEqual(digest);
    }

    @Override
    public int hashCode() {
        return Long.hashCode(word0);
    }

    /** Order of the bytes, read as one unsigned number. */
    @Override
    public int compareTo(final Digest256 other) {
        int order = Long.compareUnsigned(word0, other.word0);
        order = order != 0 ? order : Long.compareUnsigned(word1, other.word1);
        order = order != 0 ? order : Long.compareUnsigned(word2, other.word2);
        return order != 0 ? order : Long.compareUnsigned(word3, other.word3);
    }

    @Override
    public String toString() {
        return String.format("%016x%016x%016x%016x", word0, word1, word2, word3);
    }
}
