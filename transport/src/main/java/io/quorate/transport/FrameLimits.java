package io.quorate.transport;

/**
 * What a link can carry.
 *
 * @param frameLengthMax longest frame in bytes, header and MAC included
 * @param messageLengthMax longest single message in bytes, SBE header included
 */
public record FrameLimits(int frameLengthMax, int messageLengthMax) {}
