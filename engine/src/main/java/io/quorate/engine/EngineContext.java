package io.quorate.engine;

import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.engine.byzantine.Strategy;
import io.quorate.engine.epoch.RosterStep;
import io.quorate.transport.aeron.DriverSettings;
import io.quorate.transport.aeron.EmbeddedDriver;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;

/**
 * Settings of one engine. Needed: roster, identity and data folder. Fluent until
 * {@link ConsensusEngine#launch} concludes them.
 */
public final class EngineContext {
    private static final int DIGEST_HEX_LENGTH = 16;
    private static final Duration WARM_UP_LIMIT = Duration.ofMinutes(1);

    private Roster roster;
    private PeerIdentity identity;
    private final List<PeerIdentity> otherIdentities = new ArrayList<>();
    private Roster rosterBefore;
    private String listenHost;
    private int listenPort;
    private Path dataDirectory;
    private Path driverDirectory;
    private DriverSettings driverSettings = DriverSettings.defaults();
    private EmbeddedDriver trustDomain;
    private Strategy drill;
    private boolean isMemoryOnly;
    private int journalSyncLevel = 1;
    private ThreadingMode threadingMode;
    private Supplier<IdleStrategy> idleStrategy = () -> new BackoffIdleStrategy(20, 50, 1_000, 100_000);
    private Consumer<CertifiedDecision> decisionListener = certified -> {};
    private Duration warmUpMax = Duration.ofSeconds(2);
    private boolean isConcluded;
    private GroupSettings settings;
    private int peerId;

    /** The group: members, keys, addresses, shared settings. */
    public EngineContext roster(final Roster newRoster) {
        requireOpen();
        roster = newRoster;
        return this;
    }

    /** The group, from its file. */
    public EngineContext rosterFile(final Path file) {
        try {
            return roster(Roster.read(file));
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot read the roster " + file + ": " + e.getMessage(), e);
        }
    }

    public Roster roster() {
        return roster;
    }

    /** Who this peer is; its key must be in the roster. */
    public EngineContext identity(final PeerIdentity newIdentity) {
        requireOpen();
        identity = newIdentity;
        return this;
    }

    /** Who this peer is, from its private key file. */
    public EngineContext keyFile(final Path file) {
        try {
            return identity(PeerIdentity.load(file));
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot read the key " + file + ": " + e.getMessage(), e);
        }
    }

    /**
     * A further key of this peer: the one that a step to the next epoch gives it, or one that it had before. In each epoch the key that
     * is in its roster counts.
     */
    public EngineContext otherIdentity(final PeerIdentity other) {
        requireOpen();
        otherIdentities.add(other);
        return this;
    }

    /**
     * The roster of the epoch before, for a peer that its group has added, replaced or given a new key: that one's peers prove how
     * the epoch began that this peer joins. Not needed once the peer has been in it.
     */
    public EngineContext rosterBefore(final Roster newRosterBefore) {
        requireOpen();
        rosterBefore = newRosterBefore;
        return this;
    }

    Roster rosterBefore() {
        return rosterBefore;
    }

    /** The identity whose key is in a roster, or null. */
    PeerIdentity identityIn(final Roster of) {
        if (of.idOf(identity.publicKey()) >= 0) {
            return identity;
        }
        for (final PeerIdentity other : otherIdentities) {
            if (of.idOf(other.publicKey()) >= 0) {
                return other;
            }
        }
        return null;
    }

    public PeerIdentity identity() {
        return identity;
    }

    /** UDP address to listen on, {@code HOST:PORT}; default the address that the roster gives this peer. */
    public EngineContext listen(final String address) {
        requireOpen();
        final int colon = address.lastIndexOf(':');
        if (colon < 1 || !address.substring(colon + 1).matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException("listen address \"" + address + "\" is not HOST:PORT");
        }
        listenHost = address.substring(0, colon);
        listenPort = Integer.parseInt(address.substring(colon + 1));
        return this;
    }

    String listenHost() {
        return listenHost;
    }

    int listenPort() {
        return listenPort;
    }

    /** Folder of this peer alone; holds what it must remember across restarts. Made if it is not there. */
    public EngineContext dataDirectory(final Path folder) {
        requireOpen();
        dataDirectory = folder;
        return this;
    }

    public Path dataDirectory() {
        return dataDirectory;
    }

    /**
     * Folder of the media driver's logs, best on a memory file system. Default: inside the data folder if that is in memory
     * already, else one named after it under {@code /dev/shm}.
     */
    public EngineContext driverDirectory(final Path folder) {
        requireOpen();
        driverDirectory = folder;
        return this;
    }

    public Path driverDirectory() {
        return driverDirectory;
    }

    /**
     * The driver of a trust domain: all peers of the roster are one operator's, run in this process, and are given this driver; frames go
     * through its memory (Aeron IPC) in place of UDP, sealed and checked as ever. Refused unless every address of the roster is on
     * loopback. The embedder closes the driver, after the engines. In threading mode INVOKER one thread drives all of them; in the other
     * modes the driver has threads of its own. Null, the default: a driver for this peer alone, and UDP.
     */
    public EngineContext trustDomain(final EmbeddedDriver driver) {
        requireOpen();
        trustDomain = driver;
        return this;
    }

    EmbeddedDriver trustDomain() {
        return trustDomain;
    }

    /**
     * A drill: this peer lies, from its start on, so that its group can show what that costs it; for rehearsals and benchmarks. Its word
     * is worth nothing, so at most f peers of a group may be drilled at a time, and nobody should ask such a peer for anything.
     * Null, the default: it is correct.
     *
     * @throws IllegalArgumentException for a strategy that needs more than a peer's own messages
     */
    public EngineContext drill(final Strategy strategy) {
        requireOpen();
        if (strategy != null && !Strategy.live().contains(strategy)) {
            throw new IllegalArgumentException(
                    "a drill takes a strategy that needs nothing but a peer's own messages, not " + strategy.label());
        }
        drill = strategy;
        return this;
    }

    Strategy drill() {
        return drill;
    }

    /** MTU, buffers and terms of the media driver. */
    public EngineContext driverSettings(final DriverSettings newSettings) {
        requireOpen();
        driverSettings = newSettings;
        return this;
    }

    DriverSettings driverSettings() {
        return driverSettings;
    }

    /**
     * True: protocol state lives in memory only; after a restart this peer counts as faulty until it may vote again. False, the
     * default: what the peer says is written to a journal in its data folder first, and a restarted peer votes at once.
     */
    public EngineContext memoryOnly(final boolean newIsMemoryOnly) {
        requireOpen();
        isMemoryOnly = newIsMemoryOnly;
        return this;
    }

    boolean isMemoryOnly() {
        return isMemoryOnly;
    }

    /** How thoroughly the journal forces the disk: 1, the default, the data; 2 the files' metadata, too. */
    public EngineContext journalSyncLevel(final int newJournalSyncLevel) {
        requireOpen();
        journalSyncLevel = newJournalSyncLevel;
        return this;
    }

    int journalSyncLevel() {
        return journalSyncLevel;
    }

    /** How agents share threads; default by the number of cores. */
    public EngineContext threadingMode(final ThreadingMode mode) {
        requireOpen();
        threadingMode = mode;
        return this;
    }

    public ThreadingMode threadingMode() {
        return threadingMode;
    }

    /** What an agent's thread does when there is nothing to do; default: spin a little, yield, then park up to 100 us. */
    public EngineContext idleStrategy(final Supplier<IdleStrategy> newIdleStrategy) {
        requireOpen();
        idleStrategy = newIdleStrategy;
        return this;
    }

    Supplier<IdleStrategy> idleStrategy() {
        return idleStrategy;
    }

    /** Told about each certified decision on the consensus thread: it must return at once and never block. */
    public EngineContext decisionListener(final Consumer<CertifiedDecision> listener) {
        requireOpen();
        decisionListener = listener;
        return this;
    }

    Consumer<CertifiedDecision> decisionListener() {
        return decisionListener;
    }

    /**
     * How long launch may take to run made-up rounds until the JVM has compiled them; default 2 s, and less once nothing is left to
     * compile. Too short: the first rounds are slow instead, by a factor of hundreds.
     */
    public EngineContext warmUpMax(final Duration newWarmUpMax) {
        requireOpen();
        warmUpMax = newWarmUpMax;
        return this;
    }

    Duration warmUpMax() {
        return warmUpMax;
    }

    /** This peer's id in the roster given; known after {@link #conclude()}. */
    public int peerId() {
        return peerId;
    }

    GroupSettings settings() {
        return settings;
    }

    /**
     * Checks, fills defaults and freezes.
     *
     * @throws IllegalArgumentException that names what is missing or wrong, and what is allowed
     */
    public EngineContext conclude() {
        requireOpen();
        requireGiven(roster, "roster");
        requireGiven(identity, "identity");
        requireGiven(dataDirectory, "data directory");
        requireGiven(driverSettings, "driver settings");
        if (driverSettings.frameLengthMax() < DriverSettings.FRAME_LENGTH_MAX) {
            throw new IllegalArgumentException("the driver's terms have " + driverSettings.termLength()
                    + " bytes, too few for frames of " + DriverSettings.FRAME_LENGTH_MAX);
        }
        requireGiven(idleStrategy, "idle strategy");
        requireGiven(decisionListener, "decision listener");
        requireGiven(warmUpMax, "warm-up time");
        if (warmUpMax.isNegative() || warmUpMax.compareTo(WARM_UP_LIMIT) > 0) {
            throw new IllegalArgumentException("the warm-up takes 0 to " + WARM_UP_LIMIT.toSeconds() + " s, given "
                    + warmUpMax.toMillis() + " ms");
        }
        if (journalSyncLevel != 1 && journalSyncLevel != 2) {
            throw new IllegalArgumentException("the journal's sync level is 1 or 2, given " + journalSyncLevel
                    + "; say memoryOnly(true) for a peer that keeps nothing");
        }
        if (identityIn(roster) == null) {
            throw new IllegalArgumentException(
                    "the key " + identity.fingerprint() + " is not in the roster of " + roster.size() + " peers");
        }
        peerId = roster.idOf(identityIn(roster).publicKey());
        settings = GroupSettings.of(roster);
        if (rosterBefore != null) {
            requireStep();
        }
        if (threadingMode == null) {
            threadingMode = ThreadingMode.forCores(Runtime.getRuntime().availableProcessors());
        }
        if (trustDomain != null && trustDomain.isInvoked() != (threadingMode == ThreadingMode.INVOKER)) {
            throw new IllegalArgumentException(
                    "a trust domain's driver is an invoker where the engines are, and has threads where they"
                            + " have; given threading mode " + threadingMode + " and a driver that is "
                            + (trustDomain.isInvoked() ? "an invoker" : "none"));
        }
        dataDirectory = dataDirectory.toAbsolutePath().normalize();
        if (driverDirectory == null) {
            driverDirectory = defaultDriverDirectory(dataDirectory);
        }
        isConcluded = true;
        return this;
    }

    private void requireStep() {
        try {
            RosterStep.between(rosterBefore, roster);
        } catch (final IllegalArgumentException e) {
            throw new IllegalArgumentException("the roster before and the roster are no step: " + e.getMessage(), e);
        }
    }

    boolean isConcluded() {
        return isConcluded;
    }

    private static Path defaultDriverDirectory(final Path dataDirectory) {
        final Path memory = EmbeddedDriver.memoryFolder();
        if (dataDirectory.startsWith(memory)) {
            return dataDirectory.resolve("driver");
        }
        final byte[] digest = Digest.sha256(dataDirectory.toString().getBytes(StandardCharsets.UTF_8));
        return memory.resolve("quorate-" + HexFormat.of().formatHex(digest).substring(0, DIGEST_HEX_LENGTH));
    }

    private void requireOpen() {
        if (isConcluded) {
            throw new IllegalStateException("the settings are concluded and cannot change");
        }
    }

    private static void requireGiven(final Object value, final String name) {
        if (value == null) {
            throw new IllegalArgumentException(name + " is missing");
        }
    }
}
