package io.quorate.peer;

import io.quorate.engine.ThreadingMode;
import java.nio.file.Path;
import java.util.List;

/**
 * What a peer process is started with.
 *
 * @param rosterFile who belongs to the group; the same file for every peer
 * @param beforeFile roster of the epoch before, for a peer that joins; or null
 * @param keyFiles this peer's private keys: in each epoch the one in its roster counts
 * @param listen {@code HOST:PORT} of this machine, UDP
 * @param dataFolder private to this peer
 * @param memoryOnly declared by the operator: what this peer promised is lost when its process ends; else it keeps a journal
 * @param threading how the engine shares threads, or null to choose by the number of cores
 */
public record PeerConfig(
        Path rosterFile,
        Path beforeFile,
        List<Path> keyFiles,
        String listen,
        Path dataFolder,
        boolean memoryOnly,
        ThreadingMode threading) {
    public PeerConfig {
        final int colon = listen.lastIndexOf(':');
        if (colon < 1 || !listen.substring(colon + 1).matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException("--listen is \"" + listen + "\", must be HOST:PORT");
        }
    }
}
