"""One WebKit window that WebKitWebDriver drives and whose storage outlives it, as an iPad's does.

WebKitGTK's own test browser forgets everything when it is closed, so a cold start could not be tried with it. This
one keeps its data in the folder it is given. It runs under Debian's Python, which has WebKit's bindings.
"""

import sys

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # noqa: E402


def main(folder: str, width: int, height: int) -> None:
    manager = WebKit2.WebsiteDataManager(
        base_data_directory=f"{folder}/data", base_cache_directory=f"{folder}/cache"
    )
    manager.get_cookie_manager().set_persistent_storage(
        f"{folder}/cookies.sqlite", WebKit2.CookiePersistentStorage.SQLITE
    )
    context = WebKit2.WebContext.new_with_website_data_manager(manager)
    context.set_preferred_languages(["en-GB"])
    context.set_automation_allowed(True)

    def new_view(_session: WebKit2.AutomationSession) -> WebKit2.WebView:
        settings = WebKit2.Settings(enable_write_console_messages_to_stdout=True)
        view = WebKit2.WebView(web_context=context, settings=settings, is_controlled_by_automation=True)
        window = Gtk.Window(default_width=width, default_height=height)
        window.add(view)
        view.connect("close", lambda _view: window.destroy())
        window.connect("destroy", lambda _window: Gtk.main_quit())
        window.show_all()
        return view

    def automate(_context: WebKit2.WebContext, session: WebKit2.AutomationSession) -> None:
        about = WebKit2.ApplicationInfo()
        about.set_name("MiniBrowser")  # the name that WebDriver clients ask for
        session.set_application_info(about)
        session.connect("create-web-view", new_view)

    context.connect("automation-started", automate)
    Gtk.main()


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
