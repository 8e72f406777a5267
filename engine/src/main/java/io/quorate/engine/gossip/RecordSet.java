package io.quorate.engine.gossip;

import org.agrona.MutableDirectBuffer;

/**
 * A set of records that two peers can compare: each has a key and a version, and of two versions the higher is the newer. The room that
 * owns the records implements it; called on the consensus thread only.
 */
public interface RecordSet {
    /** The kind of rumor that carries a record of this set. */
    int kind();

    int size();

    /** Changes whenever the set does. */
    long modification();

    /** Key of the index-th record, 0 <= index < size; the order does not matter and may change with the set. */
    long key(int index);

    /** Index of a key, or -1. */
    int indexOf(long key);

    long version(int index);

    /** 32 bits that tell two records of one key and version apart, as far as chance goes; the same on every peer. */
    int fingerprint(int index);

    /** Writes the record and returns its length in bytes; at most that of the longest rumor. */
    int copyRecord(int index, MutableDirectBuffer target, int offset);
}
