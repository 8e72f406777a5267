package io.quorate.transport.aeron;

import io.aeron.ChannelUriStringBuilder;
import io.quorate.transport.auth.Ed25519Provider;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Settings of an {@link AeronTransport}. {@link #conclude()} checks them, fills in what is missing and freezes them.
 *
 * <p>Needed: roster, identity, driver. The driver belongs to the caller, who closes it after the transport.
 */
public final class AeronTransportContext {
    /** The Aeron stream of all frames of epoch 1. */
    static final int STREAM_ID = 2511;

    private static final int STREAMS = 1024;

    /** In one memory each receiver of each epoch has a stream of its own, from here on. */
    private static final int MEMORY_STREAM_ID = 100_000;

    private Roster roster;
    private PeerIdentity identity;
    private EmbeddedDriver driver;
    private Ed25519Provider provider;
    private String listenHost;
    private int listenPort;
    private SecureRandom random;
    private long incarnation = -1;
    private PeerLinks.Timing timing = PeerLinks.Timing.defaults();
    private boolean isOpenToAnyAddress;
    private boolean isInOneTrustDomain;
    private long idleNs;
    private Set<InetAddress> sources;
    private boolean isConcluded;
    private int localId;
    private List<String> publicationChannels;
    private String subscriptionChannel;

    public AeronTransportContext roster(final Roster value) {
        requireOpen();
        roster = value;
        return this;
    }

    public Roster roster() {
        return roster;
    }

    public AeronTransportContext identity(final PeerIdentity value) {
        requireOpen();
        identity = value;
        return this;
    }

    public PeerIdentity identity() {
        return identity;
    }

    public AeronTransportContext driver(final EmbeddedDriver value) {
        requireOpen();
        driver = value;
        return this;
    }

    public EmbeddedDriver driver() {
        return driver;
    }

    /** Who computes Ed25519; default {@link Ed25519Provider#choose()}. */
    public AeronTransportContext provider(final Ed25519Provider value) {
        requireOpen();
        provider = value;
        return this;
    }

    public Ed25519Provider provider() {
        return provider;
    }

    /** Where to listen, if it is not the address of the roster: 0.0.0.0 for all interfaces, for example. */
    public AeronTransportContext listen(final String host, final int port) {
        requireOpen();
        listenHost = host;
        listenPort = port;
        return this;
    }

    /**
     * Accepts packets from any address, where peers send from others than the roster names (several network cards, address
     * translation). By default packets from other addresses are dropped before they cost anything; the address proves nothing.
     */
    public AeronTransportContext openToAnyAddress(final boolean value) {
        requireOpen();
        isOpenToAnyAddress = value;
        return this;
    }

    /**
     * A link is opened when something is first sent over it, and its stream is closed when nothing was for so long; what is sent meanwhile
     * waits, at most a frame. For peers that talk to few of many. 0, the default, keeps links to all peers open.
     */
    public AeronTransportContext linksOnDemand(final long newIdleNs) {
        requireOpen();
        if (newIdleNs < 0) {
            throw new IllegalArgumentException("a link is idle for 0 ns at least, given " + newIdleNs);
        }
        idleNs = newIdleNs;
        return this;
    }

    /**
     * All peers of the roster are one operator's, run in this process, and are given the same {@link #driver}: frames go through its
     * memory (Aeron IPC) in place of UDP. They are sealed and checked as ever, but whoever can open the driver's folder can read and
     * disturb what all of them say, where a peer with a driver of its own exposes only itself. False by default.
     */
    public AeronTransportContext inOneTrustDomain(final boolean value) {
        requireOpen();
        isInOneTrustDomain = value;
        return this;
    }

    long idleNs() {
        return idleNs;
    }

    /** Source of ephemeral keys, nonces and cookies; default a new {@link SecureRandom}. */
    public AeronTransportContext random(final SecureRandom value) {
        requireOpen();
        random = value;
        return this;
    }

    public SecureRandom random() {
        return random;
    }

    /** Number of this process; must be higher than that of earlier ones. Default the wall clock in milliseconds. */
    public AeronTransportContext incarnation(final long value) {
        requireOpen();
        incarnation = value;
        return this;
    }

    public long incarnation() {
        return incarnation;
    }

    /** When links repeat, renew and report. */
    public AeronTransportContext timing(final PeerLinks.Timing value) {
        requireOpen();
        timing = value;
        return this;
    }

    public PeerLinks.Timing timing() {
        return timing;
    }

    /** This peer's id; known after {@link #conclude()}. */
    public int localId() {
        return localId;
    }

    /**
     * Each epoch has a stream of its own: a peer that stands in two, while its group goes from one to the next, reads no frame twice,
     * and a slow reader of the one holds up nothing in the other.
     */
    int streamId(final int receiverId) {
        final int epoch = (int) Math.floorMod(roster.epoch() - 1, (long) STREAMS);
        return isInOneTrustDomain ? MEMORY_STREAM_ID + epoch * Roster.PEERS_MAX + receiverId : STREAM_ID + epoch;
    }

    List<String> publicationChannels() {
        return publicationChannels;
    }

    /** Addresses to accept packets from; empty for all. */
    Set<InetAddress> sources() {
        return sources;
    }

    String subscriptionChannel() {
        return subscriptionChannel;
    }

    /**
     * Checks and freezes.
     *
     * @throws IllegalArgumentException naming what is missing or wrong: a setting, a key that is not in the roster, a host that
     *     has no address
     */
    public AeronTransportContext conclude() {
        requireOpen();
        requireGiven(roster, "roster");
        requireGiven(identity, "identity");
        requireGiven(driver, "driver");
        requireGiven(timing, "timing");
        localId = roster.idOf(identity.publicKey());
        if (localId < 0) {
            throw new IllegalArgumentException(
                    "the key " + identity.fingerprint() + " is not in the roster, which has " + fingerprints(roster));
        }
        if (provider == null) {
            provider = Ed25519Provider.choose();
        }
        if (random == null) {
            random = new SecureRandom();
        }
        if (incarnation < 0) {
            incarnation = System.currentTimeMillis();
        }
        if (isInOneTrustDomain) {
            concludeInMemory();
        } else {
            concludeUdp();
        }
        isConcluded = true;
        return this;
    }

    private void concludeInMemory() {
        sources = Set.of();
        publicationChannels = new ArrayList<>();
        for (final Roster.Peer peer : roster.peers()) {
            if (!address(peer.host(), "peer " + peer.id() + " (" + peer.name() + ")")
                    .isLoopbackAddress()) {
                throw new IllegalArgumentException("IPC is for peers of one trust domain in one process; peer "
                        + peer.id() + " (" + peer.name() + ") is at " + peer.address() + ", not on loopback: use UDP");
            }
            publicationChannels.add(new ChannelUriStringBuilder()
                    .media("ipc")
                    .termLength(driver.settings().termLength())
                    .mtu(driver.settings().mtuLength())
                    .build());
        }
        subscriptionChannel = new ChannelUriStringBuilder().media("ipc").build();
    }

    private void concludeUdp() {
        final Roster.Peer self = roster.peer(localId);
        final String host = listenHost == null ? self.host() : listenHost;
        final int port = listenHost == null ? self.port() : listenPort;
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("listen port is " + port + ", must be 1 to 65535");
        }
        subscriptionChannel = new ChannelUriStringBuilder()
                .media("udp")
                .endpoint(endpoint(address(host, "listen address"), port))
                .build();
        publicationChannels = new ArrayList<>();
        sources = new HashSet<>();
        for (final Roster.Peer peer : roster.peers()) {
            final InetAddress address = address(peer.host(), "peer " + peer.id() + " (" + peer.name() + ")");
            publicationChannels.add(channel(address, peer.port()));
            if (!isOpenToAnyAddress) {
                sources.add(address);
            }
        }
    }

    private String channel(final InetAddress address, final int port) {
        return new ChannelUriStringBuilder()
                .media("udp")
                .endpoint(endpoint(address, port))
                .termLength(driver.settings().termLength())
                .mtu(driver.settings().mtuLength())
                .build();
    }

    private static String endpoint(final InetAddress address, final int port) {
        final String text = address.getHostAddress();
        return (address instanceof Inet6Address ? "[" + text + "]" : text) + ":" + port;
    }

    /** Names are looked up once, here: the driver must not wait for a name server later. */
    private static InetAddress address(final String host, final String what) {
        try {
            return InetAddress.getByName(host);
        } catch (final UnknownHostException e) {
            throw new IllegalArgumentException(what + ": the host \"" + host + "\" has no address", e);
        }
    }

    private static String fingerprints(final Roster roster) {
        final List<String> all = new ArrayList<>();
        for (final Roster.Peer peer : roster.peers()) {
            all.add(peer.name() + " " + peer.fingerprint());
        }
        return String.join(", ", all);
    }

    private static void requireGiven(final Object value, final String name) {
        if (value == null) {
            throw new IllegalArgumentException("the transport needs: " + name);
        }
    }

    private void requireOpen() {
        if (isConcluded) {
            throw new IllegalStateException("the context is concluded and can no longer be changed");
        }
    }
}
