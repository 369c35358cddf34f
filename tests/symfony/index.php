<?php
// A site of Debian's Symfony: a form to sign in, a page that says who is signed in, and the listener of docs/single-login.md.

use Symfony\Bundle\FrameworkBundle\FrameworkBundle;
use Symfony\Bundle\FrameworkBundle\Kernel\MicroKernelTrait;
use Symfony\Bundle\SecurityBundle\SecurityBundle;
use Symfony\Component\DependencyInjection\Loader\Configurator\ContainerConfigurator;
use Symfony\Component\HttpFoundation\JsonResponse;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpKernel\Kernel;
use Symfony\Component\Routing\Loader\Configurator\RoutingConfigurator;
use Symfony\Component\Security\Core\Security;
use Symfony\Component\Security\Core\User\InMemoryUser;
use Symfony\Component\Security\Http\Authentication\AuthenticationUtils;

require '/usr/share/php/Symfony/Bundle/FrameworkBundle/autoload.php';
require '/usr/share/php/Symfony/Bundle/SecurityBundle/autoload.php';
require __DIR__ . '/SingleLogin.php';

final class Site extends Kernel
{
    use MicroKernelTrait;

    public function registerBundles(): iterable
    {
        return [new FrameworkBundle, new SecurityBundle];
    }

    public function getProjectDir(): string
    {
        return __DIR__;
    }

    public function getCacheDir(): string
    {
        return getenv('SITE_CACHE');
    }

    public function getLogDir(): string
    {
        return getenv('SITE_CACHE');
    }

    protected function configureContainer(ContainerConfigurator $container): void
    {
        $container->extension('framework', [
            'secret' => 'a test',
            'http_method_override' => false,
            'router' => ['utf8' => true],
            'session' => [
                'storage_factory_id' => 'session.storage.factory.native',
                'handler_id' => getenv('SITE_HANDLER') === 'native' ? null : getenv('SITE_HANDLER'),
                'cookie_secure' => false,
            ],
        ]);
        $container->extension('security', [
            'enable_authenticator_manager' => true,
            'password_hashers' => [InMemoryUser::class => 'plaintext'],
            'providers' => ['people' => ['memory' => ['users' => ['ann' => ['password' => 'secret', 'roles' => ['ROLE_USER']]]]]],
            'firewalls' => ['main' => [
                'lazy' => true,
                'provider' => 'people',
                'form_login' => ['login_path' => '/sign-in', 'check_path' => '/sign-in', 'default_target_path' => '/'],
                'logout' => ['path' => '/sign-out', 'target' => '/'],
            ]],
        ]);
        $services = $container->services()->defaults()->autowire()->autoconfigure();
        $services->set(App\EventListener\SingleLogin::class);
        $services->set(Rsso\SessionHandler::class)->args(['']);
        $services->set(Pages::class, Pages::class)->public()->tag('controller.service_arguments');
    }

    protected function configureRoutes(RoutingConfigurator $routes): void
    {
        $routes->add('home', '/')->controller([Pages::class, 'home']);
        $routes->add('sign-in', '/sign-in')->controller([Pages::class, 'signIn']);
        $routes->add('sign-out', '/sign-out');
        $routes->add('why', '/why')->controller([Pages::class, 'why']);
        $routes->add('visit', '/visit')->controller([Pages::class, 'visit']);
    }
}

final class Pages
{
    public function home(Security $security): JsonResponse
    {
        return new JsonResponse(['user' => $security->getUser()?->getUserIdentifier(), 'logins' => count(sso_logins('ann'))]);
    }

    public function signIn(AuthenticationUtils $attempt): JsonResponse
    {
        return new JsonResponse(['error' => $attempt->getLastAuthenticationError()?->getMessageKey()]);
    }

    public function why(Request $request): JsonResponse
    {
        $request->getSession()->start();
        return new JsonResponse(['kicked' => sso_kicked()?->reason]);
    }

    /** Something is put into the session before anybody signs in. */
    public function visit(Request $request): JsonResponse
    {
        $request->getSession()->set('cart', ['book']);
        return new JsonResponse([]);
    }
}

$site = new Site('prod', false);
$request = Request::createFromGlobals();
$response = $site->handle($request);
$response->send();
$site->terminate($request, $response);
