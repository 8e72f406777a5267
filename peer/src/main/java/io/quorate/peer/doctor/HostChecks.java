package io.quorate.peer.doctor;

import io.quorate.engine.ThreadingMode;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import io.quorate.transport.aeron.DriverSettings;
import io.quorate.transport.aeron.EmbeddedDriver;
import java.io.IOException;
import java.io.InputStream;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What the host offers a peer: the JVM, memory for the driver's logs, the kernel's settings, network, cores and clock. */
final class HostChecks {
    private static final int JAVA_VERSION = 25;
    private static final String VECTOR_MODULE = "jdk.incubator.vector";
    private static final String AGRONA_PACKAGE = "jdk.internal.misc";
    private static final String BASE_ARGUMENTS = "start by ./quorate, or with java @native-profiles/base.args";

    /** A stream's log is three terms and a page of its own. */
    private static final int TERMS = 3;

    private static final int DEDICATED_CORES_MIN = 4;
    private static final long MIB = 1 << 20;
    private static final int SETTING_LENGTH_MAX = 64;

    /** IPv6 and UDP. */
    private static final int PACKET_HEADERS = 48;

    /** Less is better: the others of the file are lower bounds. */
    private static final String SWAPPINESS = "vm.swappiness";

    private static final Set<String> SLOW_CLOCKS = Set.of("hpet", "acpi_pm", "jiffies", "refined-jiffies");

    private final Path root;
    private final DriverSettings driver = DriverSettings.defaults();

    /** @param root of the file system; another one in tests */
    HostChecks(final Path root) {
        this.root = root;
    }

    static Finding java() {
        final int version = Runtime.version().feature();
        final String found = "JDK " + Runtime.version();
        if (version < JAVA_VERSION) {
            return Finding.fail("jdk", found, "use a JDK " + JAVA_VERSION);
        }
        final StringBuilder missing = new StringBuilder();
        if (ModuleLayer.boot().findModule(VECTOR_MODULE).isEmpty()) {
            missing.append(" --add-modules=").append(VECTOR_MODULE);
        }
        if (!Object.class.getModule().isExported(AGRONA_PACKAGE, HostChecks.class.getModule())) {
            missing.append(" --add-exports=java.base/").append(AGRONA_PACKAGE).append("=ALL-UNNAMED");
        }
        return missing.isEmpty()
                ? Finding.ok("jdk", found)
                : Finding.fail("jdk", found + " without" + missing, BASE_ARGUMENTS);
    }

    static Finding kernels() {
        final Primitives kernels = PrimitivesProvider.preferred();
        final String found = kernels.name() + ", " + kernels.bits() + " bit";
        return kernels.name().equals("scalar")
                ? Finding.warn("vectors", found, "the same results several times slower: " + BASE_ARGUMENTS)
                : Finding.ok("vectors", found);
    }

    /** The memory file system must hold the logs of all streams: one to and one from each other peer. */
    Finding memory(final int peerCount) throws IOException {
        final Path folder = EmbeddedDriver.memoryFolder();
        return memory(
                folder.toString(),
                Files.getFileStore(folder).getUsableSpace(),
                Files.getFileStore(folder).type(),
                peerCount);
    }

    Finding memory(final String folder, final long freeBytes, final String type, final int peerCount) {
        final long neededBytes = 2L * Math.max(1, peerCount - 1) * TERMS * driver.termLength() + 8 * MIB;
        final String found = String.format(
                java.util.Locale.ROOT,
                "%s (%s): %,d MiB free, a peer of %d needs up to %,d",
                folder,
                type,
                freeBytes / MIB,
                peerCount,
                neededBytes / MIB);
        if (freeBytes < neededBytes) {
            return Finding.fail(
                    "memory",
                    found,
                    "make it larger (mount -o remount,size=1g /dev/shm; docker run --shm-size=1g), or give the peer a --data folder in memory elsewhere");
        }
        return type.equals("tmpfs") || type.equals("ramfs")
                ? Finding.ok("memory", found)
                : Finding.warn("memory", found, "the driver's logs are on a disk: mount a tmpfs on /dev/shm");
    }

    /**
     * The kernel's settings beside those of {@code linux-sysctl.conf}.
     *
     * @param file of the settings that are advised; if it is not there, only what a peer cannot do without is checked
     */
    List<Finding> kernelSettings(final Path file) throws IOException {
        final List<Finding> findings = new ArrayList<>();
        final int receive = driver.socketReceiveLength();
        findings.add(buffer("net.core.rmem_max", receive));
        findings.add(buffer("net.core.wmem_max", driver.socketSendLength()));
        if (!Files.isReadable(file)) {
            return findings;
        }
        for (final String line : Files.readAllLines(file)) {
            final String[] words = line.strip().split("\\s*=\\s*");
            if (words.length == 2 && !words[0].startsWith("#")) {
                advised(words[0], Long.parseLong(words[1]), findings);
            }
        }
        return findings;
    }

    /** Without this much the media driver refuses to start. */
    private Finding buffer(final String key, final int neededBytes) {
        final Long value = setting(key);
        if (value == null) {
            return Finding.warn(key, "unknown", "this system does not tell; the driver asks for " + neededBytes);
        }
        return value < neededBytes
                ? Finding.fail(key, value + ", the driver asks for " + neededBytes, set(key, neededBytes))
                : Finding.ok(key, value.toString());
    }

    private void advised(final String key, final long advised, final List<Finding> findings) {
        final Long value = setting(key);
        if (value == null || (key.equals(SWAPPINESS) ? value <= advised : value >= advised)) {
            return;
        }
        final boolean isFailed =
                findings.removeIf(earlier -> earlier.check().equals(key) && earlier.verdict() == Finding.Verdict.OK);
        if (isFailed || findings.stream().noneMatch(earlier -> earlier.check().equals(key))) {
            findings.add(Finding.warn(key, value + ", " + advised + " is advised", set(key, advised)));
        }
    }

    private static String set(final String key, final long value) {
        return "sysctl -w " + key + "=" + value + ", and for good: native-profiles/linux-sysctl.conf";
    }

    private Long setting(final String key) {
        final Path file = root.resolve("proc/sys").resolve(key.replace('.', '/'));
        // In one read: the kernel gives such a file away at its beginning only, and a reader in pieces sees the first
        // digit.
        try (InputStream in = Files.newInputStream(file)) {
            final byte[] text = new byte[SETTING_LENGTH_MAX];
            return Long.valueOf(new String(text, 0, Math.max(0, in.read(text)), StandardCharsets.US_ASCII).strip());
        } catch (final IOException | NumberFormatException e) {
            return null;
        }
    }

    List<Finding> network() throws IOException {
        final List<Finding> findings = new ArrayList<>();
        for (final NetworkInterface one : NetworkInterface.networkInterfaces().toList()) {
            if (one.isUp() && one.getInetAddresses().hasMoreElements()) {
                findings.add(mtu(one.getName(), one.getMTU()));
            }
        }
        return findings;
    }

    Finding mtu(final String name, final int mtu) {
        final int needed = driver.mtuLength() + PACKET_HEADERS;
        final String found = name + ": " + mtu;
        return mtu < needed
                ? Finding.warn(
                        "mtu",
                        found + ", a frame of ours takes " + needed,
                        "raise it, or expect every full frame in two packets: ip link set " + name + " mtu 1500")
                : Finding.ok("mtu", found);
    }

    /** More busy threads than cores cost a hundredfold in latency. */
    static Finding cores(final int coreCount, final ThreadingMode threading) {
        final boolean isDedicated =
                threading == ThreadingMode.DEDICATED || threading == null && coreCount >= DEDICATED_CORES_MIN;
        final String found = coreCount + (coreCount == 1 ? " core, " : " cores, ")
                + (isDedicated ? "dedicated" : "shared") + " threads";
        if (isDedicated && coreCount < DEDICATED_CORES_MIN) {
            return Finding.fail(
                    "cores", found, "dedicated threads want " + DEDICATED_CORES_MIN + " cores: --threading shared");
        }
        return coreCount == 1
                ? Finding.warn("cores", found, "the journal and the JVM's compiler share it: give the peer two")
                : Finding.ok("cores", found);
    }

    Finding clock() {
        final Path file = root.resolve("sys/devices/system/clocksource/clocksource0/current_clocksource");
        try {
            final String source = Files.readString(file).strip();
            return SLOW_CLOCKS.contains(source)
                    ? Finding.warn(
                            "clock",
                            source + ": a look at it costs a microsecond or more",
                            "echo tsc > /" + root.relativize(file) + ", or ask whoever runs the host")
                    : Finding.ok("clock", source);
        } catch (final IOException e) {
            return Finding.warn("clock", "unknown", "this system does not tell its clock source");
        }
    }
}
