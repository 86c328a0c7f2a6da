drop table public.deleted_users, public.users;
