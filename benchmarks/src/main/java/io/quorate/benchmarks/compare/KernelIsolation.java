package io.quorate.benchmarks.compare;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Loads our kernels once more. The JIT compiler shapes a class by what it has seen running in it; a class that has run the
 * scalar definition and three vector widths is compiled for all of them and fast for none. So each further kernel that is
 * measured in one process gets its own copy of the classes, as it would have a service of its own.
 */
final class KernelIsolation extends ClassLoader {
    private static final String KERNELS = "io.quorate.kernels.";

    /** What implements the kernels' port here, and so belongs to them. */
    private static final String FREE = "io.quorate.benchmarks.unordered.";

    /** One copy for all sizes of a kernel, as the process itself has one. */
    private static final Map<String, KernelIsolation> COPIES = new ConcurrentHashMap<>();

    private final String contender;

    private KernelIsolation(final String contender) {
        super(KernelIsolation.class.getClassLoader());
        this.contender = contender;
    }

    /** A contender of a class with the constructor (kernel, workload, threads), on classes of its own. */
    static Contender open(
            final Class<? extends Contender> type, final String kernel, final Workload workload, final int threads) {
        try {
            final Constructor<?> constructor = COPIES.computeIfAbsent(
                            type.getName() + ' ' + kernel, key -> new KernelIsolation(type.getName()))
                    .loadClass(type.getName())
                    .getDeclaredConstructor(String.class, Workload.class, int.class);
            constructor.setAccessible(true);
            return (Contender) constructor.newInstance(kernel, workload, threads);
        } catch (final InvocationTargetException e) {
            throw new IllegalStateException(kernel + ": " + e.getCause().getMessage(), e.getCause());
        } catch (final ReflectiveOperationException e) {
            throw new IllegalStateException("no second copy of " + type.getName(), e);
        }
    }

    @Override
    protected Class<?> loadClass(final String name, final boolean isResolved) throws ClassNotFoundException {
        if (!name.startsWith(KERNELS) && !name.startsWith(contender) && !name.startsWith(FREE)) {
            return super.loadClass(name, isResolved);
        }
        synchronized (getClassLoadingLock(name)) {
            final Class<?> loaded = findLoadedClass(name);
            return loaded == null ? copy(name) : loaded;
        }
    }

    private Class<?> copy(final String name) throws ClassNotFoundException {
        try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            final byte[] bytes = in.readAllBytes();
            return defineClass(name, bytes, 0, bytes.length);
        } catch (final IOException e) {
            throw new ClassNotFoundException(name, e);
        }
    }
}
